#!/usr/bin/env python3
"""How long `hilum data check` takes and how much memory, by the number of images.

    bench/data/near_duplicates.py [--build build] [--images 2000,20000] [--out bench/results/near_duplicates]

Draws phantom sets of that many slices (five a patient) with 8 copies and 8 near copies planted, and
runs the check on each in a process of its own: time to read and decode, time of the search for near
duplicates, peak memory, and how many of the planted 16 were found. 100,000 slices take about 1 GB in
the temporary folder (TMPDIR) and are drawn only if asked for: --images 2000,20000,100000.
Needs nothing beyond Python itself.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile

SLICES, PLANTED = 5, 16
COLUMNS = {  # of the CSV: head of the Markdown column, how it is printed
    "images": ("images", "{}"), "decode_seconds": ("decode, s", "{:.1f}"), "search_seconds": ("search, s", "{:.2f}"),
    "hash_pairs": ("pairs of hashes", "{}"), "picture_pairs": ("pairs of pictures", "{}"),
    "peak_mib": ("peak memory, MiB", "{:.0f}"), "found": (f"planted found, of {PLANTED}", "{}")}


def planted(folder):
    with open(os.path.join(folder, "faults.csv"), newline="") as file:
        return [{row["path"], row["of"]} for row in csv.DictReader(file)]


def measure(hilum, images, size, folder):
    subprocess.run([hilum, "data", "phantom", folder, "--patients", str(images // SLICES), "--slices", str(SLICES),
                    "--size", str(size), "--faults", "duplicates,near", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    check = subprocess.run([hilum, "data", "check", folder, "--json", "--quiet"], stdout=subprocess.PIPE, text=True)
    if check.returncode != 1:  # which says that leaks were found: the planted ones
        sys.exit(f"hilum data check: exit code {check.returncode}, expected 1")
    answer = json.loads(check.stdout)
    found = [{os.path.relpath(image["path"], folder) for image in finding["images"]} for finding in answer["findings"]
             if finding["kind"] in ("exact copy", "same pixels", "near duplicate")]
    row = dict(answer["cost"], images=answer["images"], found=sum(any(pair <= group for group in found) for pair in planted(folder)))
    return row


def write(rows, threads, size, path):
    with open(path + ".csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["machine", "threads", "size", *COLUMNS])
        writer.writerows([row["machine"], threads, size, *(row[name] for name in COLUMNS)] for row in rows)
    with open(path + ".md", "w") as file:
        file.write(f"{rows[0]['machine']}; {threads} threads.\n`hilum data check` on phantom sets of {size} x {size} pixels; "
                   "`bench/data/near_duplicates.py`.\n\n")
        file.write("| " + " | ".join(head for head, _ in COLUMNS.values()) + " |\n|" + "---:|" * len(COLUMNS) + "\n")
        for row in rows:
            file.write("| " + " | ".join(form.format(row[name]) for name, (_, form) in COLUMNS.items()) + " |\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default="build", help="folder with hilum")
    parser.add_argument("--images", default="2000,20000", help="sizes of the sets")
    parser.add_argument("--size", type=int, default=128, help="pixels a side")
    parser.add_argument("--out", default="", help="also write OUT.csv and OUT.md")
    arguments = parser.parse_args()
    threads, rows = len(os.sched_getaffinity(0)), []
    for images in map(int, arguments.images.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(os.path.join(arguments.build, "hilum"), images, arguments.size, os.path.join(folder, "set")))
        print(", ".join(f"{head} {form.format(rows[-1][name])}" for name, (head, form) in COLUMNS.items()), flush=True)
    if arguments.out:
        write(rows, os.environ.get("OMP_NUM_THREADS", threads), arguments.size, arguments.out)


if __name__ == "__main__":
    main()
