#!/usr/bin/env python3
"""Steps of our networks beside PyTorch's, Keras' and ONNX Runtime's, interleaved in one call.

    bench/peers/compare.py --build build [--what train,infer1,infer16] [--nets cnn,resnet50] [--out bench/results/peers]

Each peer is a process that does one step when told to (step.cpp, torch_step.py, keras_step.py,
onnx_step.py), so that peers take turns at the same cores within seconds. PyTorch takes part twice:
as it comes, and with its best settings ("tuned"). A turn during which other processes used more
than a tenth of a core is thrown away and done again; the table says how many were. Figures are
medians of images/s, with the quartiles; ratios are medians of the ratios of neighbours in time.
Peers that are not installed are named, also in the table, and left out. Needs nothing beyond
Python itself; a peer whose packages do not go with the others' may have a Python of its own.
"""

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
NETS = {  # size, batch in training
    "cnn": (128, 32), "resnet50": (224, 16), "resnet152": (224, 8), "vgg19": (224, 8), "densenet121": (224, 16)}
TICK = os.sysconf("SC_CLK_TCK")
SECONDS_OF_A_TURN = 0.2  # at least, or 100 steps; every peer does as many


def machine_busy():
    """CPU seconds that all processes have used, and what the hypervisor took, since boot."""
    with open("/proc/stat") as stat:
        fields = [int(field) for field in stat.readline().split()[1:]]
    user, nice, system, _, _, irq, softirq, steal = fields[:8]
    return (user + nice + system + irq + softirq + steal) / TICK


class Peer:
    def __init__(self, name, command, environment=None):
        self.name = name
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env=dict(os.environ, **(environment or {})))
        if self.read() != "ready":
            self.errors.seek(0)
            lines = self.errors.read().strip().splitlines() or ["said nothing"]
            raise RuntimeError(lines[-1])

    def read(self):
        return self.process.stdout.readline().strip()

    def ask(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.read()

    def busy(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def steps(self, count):
        """Mean seconds of a step, and the cores that others used meanwhile. The first step is not
        counted: the peer before leaves threads that spin for a while, and caches of its own."""
        self.ask("go")
        own, all_, begin = self.busy(), machine_busy(), time.perf_counter()
        seconds = sum(float(self.ask("go")) for _ in range(count)) / count
        took = time.perf_counter() - begin
        others = (machine_busy() - all_) - (self.busy() - own)
        return seconds, max(0.0, others - 2 / TICK) / took

    def stop(self):
        memory = int(self.ask("memory"))
        self.process.stdin.close()
        self.process.wait()
        return memory


def start_peers(options, net, size, batch, mode, folder, left_out):
    train = "train" if mode == "train" else "infer"
    python = options.python
    keep = {"MALLOC_TRIM_THRESHOLD_": "100000000000", "MALLOC_MMAP_THRESHOLD_": "100000000000",
            "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1", "ATEN_CPU_CAPABILITY": "avx512"}
    shape = [net, str(size), str(batch), train]
    wanted = {
        "hilum": ([os.path.join(options.build, "hilum_step"), *shape], {}),
        "torch": ([python, os.path.join(HERE, "torch_step.py"), *shape], {}),
        "torch tuned": ([python, os.path.join(HERE, "torch_step.py"), *shape, "tuned"], keep),
        "keras": ([options.keras_python or python, os.path.join(HERE, "keras_step.py"), *shape], {}),
    }
    if mode != "train":
        onnx = os.path.join(folder, net + ".onnx")
        if not os.path.exists(onnx):
            subprocess.run([os.path.join(options.build, "hilum_step"), *shape[:2], "1", "export:" + onnx],
                           check=False, capture_output=True)
        wanted["onnxruntime"] = ([python, os.path.join(HERE, "onnx_step.py"), onnx, str(size), str(batch)], {})
    if options.peers:
        wanted = {name: wanted[name] for name in options.peers.split(",") if name in wanted}
    peers = []
    for name, (command, environment) in wanted.items():
        try:
            peers.append(Peer(name, command, environment))
        except (RuntimeError, OSError) as error:
            print(f"{net} {mode}: {name} left out: {error}", file=sys.stderr)
            left_out.setdefault(name, str(error))
    if "hilum" not in (peer.name for peer in peers):
        sys.exit("hilum is not among the peers that started, and all ratios are to it. Build the target hilum_step, "
                 "name its folder with --build, and leave hilum in --peers.")
    return peers


def measure(options, net, mode, folder, left_out):
    size, batch = NETS[net]
    if mode != "train":
        batch = int(mode[len("infer"):])
    peers = start_peers(options, net, size, batch, mode, folder, left_out)
    fastest = min(min(float(peer.ask("go")) for _ in range(3)) for peer in peers)
    count = min(max(round(SECONDS_OF_A_TURN / fastest), 1), 100)
    times, thrown = {peer.name: [] for peer in peers}, 0
    end = time.monotonic() + options.seconds
    while min(len(t) for t in times.values()) < 3 or time.monotonic() < end:
        turn = {}
        for peer in peers:
            turn[peer.name], others = peer.steps(count)
            if others > 0.1 and not options.keep_disturbed:
                thrown += 1
                turn = None
                break
        if turn is None and time.monotonic() > end + 4 * options.seconds:
            sys.exit(f"{net} {mode}: other processes are busy. Wait, or use --keep-disturbed.")
        if turn is not None:
            for name, seconds in turn.items():
                times[name].append(seconds)
            if len(times["hilum"]) >= options.turns:
                break
    rows = []
    for peer in peers:
        seconds = times[peer.name]
        quartiles = statistics.quantiles(seconds, n=4)
        ratios = [theirs / ours for ours, theirs in zip(times["hilum"], seconds)]
        rows.append({
            "net": net, "what": mode, "batch": batch, "peer": peer.name, "turns": len(seconds), "thrown": thrown,
            "images_per_s": batch / statistics.median(seconds),
            "low": batch / quartiles[2], "high": batch / quartiles[0],
            "ours_is": statistics.median(ratios), "peak_MB": peer.stop() / 1e6})
        row = rows[-1]
        print(f"{net:12} {mode:8} batch {batch:3}  {peer.name:12} {row['images_per_s']:8.2f} images/s "
              f"[{row['low']:.2f}, {row['high']:.2f}]  ours is {row['ours_is']:.2f}x  {row['peak_MB']:6.0f} MB  "
              f"{len(seconds)} turns, {thrown} thrown away", flush=True)
    return rows


def machine_line():
    with open("/proc/cpuinfo") as info:
        model = next((line.split(": ")[1].strip() for line in info if line.startswith("model name")), "unknown CPU")
    return f"{model}, {os.environ.get('OMP_NUM_THREADS', os.cpu_count())} threads, {time.strftime('%Y-%m-%d', time.gmtime())}"


def write(rows, left_out, path):
    with open(path + ".csv.new", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    os.replace(path + ".csv.new", path + ".csv")
    with open(path + ".md.new", "w") as file:
        file.write(f"# Steps beside other frameworks\n\n{machine_line()}. `bench/peers/compare.py`; how: bench/README.md.\n\n"
                   "| net | what | batch | peer | images/s | quartiles | ours is | peak MB | turns kept, thrown away |\n"
                   "|---|---|---|---|---|---|---|---|---|\n")
        for r in rows:
            file.write(f"| {r['net']} | {r['what']} | {r['batch']} | {r['peer']} | {r['images_per_s']:.2f} | "
                       f"{r['low']:.2f} to {r['high']:.2f} | {r['ours_is']:.2f}x | {r['peak_MB']:.0f} | "
                       f"{r['turns']}, {r['thrown']} |\n")
        for name, error in left_out.items():
            file.write(f"\nWithout {name}: {error}.\n")
    os.replace(path + ".md.new", path + ".md")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default="build", help="folder with hilum_step")
    parser.add_argument("--nets", default=",".join(NETS))
    parser.add_argument("--what", default="train,infer1,infer16", help="train, inferN with N images")
    parser.add_argument("--peers", default="", help="hilum,torch,torch tuned,keras,onnxruntime")
    parser.add_argument("--python", default=sys.executable, help="with torch, torchvision, onnxruntime")
    parser.add_argument("--keras-python", help="with tensorflow, where that is another one")
    parser.add_argument("--seconds", type=float, default=20, help="for each net and mode")
    parser.add_argument("--turns", type=int, default=50, help="at most")
    parser.add_argument("--keep-disturbed", action="store_true", help="keep steps while others used the cores")
    parser.add_argument("--out", help="also writes OUT.csv and OUT.md")
    options = parser.parse_args()
    rows, left_out = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for mode in options.what.split(","):
            for net in options.nets.split(","):
                rows += measure(options, net, mode, folder, left_out)
    if options.out:
        write(rows, left_out, options.out)


main()
