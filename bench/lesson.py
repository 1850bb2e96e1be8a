#!/usr/bin/env python3
"""The table of a lesson (kernels/conv2d/README.md, kernels/dense/README.md) from measured rows.

    bench/lesson.py bench/results/conv2d.csv [--rows cpu1_im2col,cpu2_direct]

A line a case and pass, a column a row: its share of the roof that was measured in the same call
and, in brackets, its speed beside the library's row. `make bench BENCH_ARGS="... --out
bench/results/conv2d"` writes the file. Needs nothing beyond Python itself.
"""

import argparse
import csv

SHORT = {"forward": "forward", "backward_data": "dx", "backward_weight": "dw", "inference": "inference"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", help="CSV of hilum_bench")
    parser.add_argument("--rows", default="", help="in this order; default: as in the file")
    options = parser.parse_args()
    with open(options.results, newline="") as file:
        lines = list(csv.DictReader(file))
    rows = options.rows.split(",") if options.rows else list(dict.fromkeys(line["row"] for line in lines))
    cells = {}
    for line in lines:
        share = f"{100 * float(line['share_of_roof']):.0f} %"
        if line["row"] != "onednn" and line["ratio_to_onednn"]:
            share += f" ({float(line['ratio_to_onednn']):.2f})"
        where = cells.setdefault((line["case"], line["problem"]), {})
        where.setdefault(SHORT[line["pass"].split(".")[1]], {})[line["row"]] = share
    print(f"{lines[0]['machine']}; {lines[0]['threads']} threads; "
          f"{lines[0]['roof_gflops']} GFLOP/s, {lines[0]['roof_gbs']} GB/s.\n")
    print("| layer | pass | " + " | ".join(rows) + " |\n|" + "---|" * (2 + len(rows)))
    for (case, problem), passes in cells.items():
        for name, shares in passes.items():
            print(f"| {case}: {problem} | {name} | " + " | ".join(shares.get(row, "") for row in rows) + " |")


main()
