#!/usr/bin/env python3
"""A whole training, wall time: `hilum train` beside a PyTorch script that does the same.

    bench/peers/experiment.py --build build --data FOLDER [--epochs 10] [--size 128] [--turns 3]

`cnn` on FOLDER/train and FOLDER/val, Adam, batch 32, every training image rotated, shifted,
sheared, zoomed, flipped and brightened, validation after each epoch; from starting the program to
its end. The two take turns; the median counts.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
AUGMENT = "rotation=10,shift=0.1,shear=0.1,zoom=0.1,flip,brightness=0.1"


def seconds_of(command, environment):
    begin = time.perf_counter()
    done = subprocess.run(command, env=dict(os.environ, **environment), capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: {done.stderr.strip().splitlines()[-1:]}")
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--data", required=True, help="folder with train/CLASS and val/CLASS")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--python", default=sys.executable, help="with torch and torchvision")
    options = parser.parse_args()
    times = {"hilum": [], "torch": []}
    with tempfile.TemporaryDirectory() as folder:
        hilum = [os.path.join(options.build, "hilum"), "train", "--net", "cnn", "--data", options.data, "--size",
                 str(options.size), "--epochs", str(options.epochs), "--batch-size", "32", "--augment", AUGMENT,
                 "--out", os.path.join(folder, "run"), "--overwrite"]
        torch = [options.python, os.path.join(HERE, "torch_train.py"), options.data, str(options.size), "32",
                 str(options.epochs), "0"]
        keep = {"MALLOC_TRIM_THRESHOLD_": "100000000000", "MALLOC_MMAP_THRESHOLD_": "100000000000",
                "ATEN_CPU_CAPABILITY": "avx512"}
        for _ in range(options.turns):
            times["hilum"].append(seconds_of(hilum, {}))
            times["torch"].append(seconds_of(torch, keep))
    ratio = statistics.median(t / h for h, t in zip(times["hilum"], times["torch"]))
    for name, seconds in times.items():
        print(f"{name:6} {statistics.median(seconds):7.1f} s  ({', '.join(f'{s:.1f}' for s in seconds)})")
    print(f"ours is {ratio:.2f}x")


main()
