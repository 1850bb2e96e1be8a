"""What every Python peer of compare.py says on the pipe: "ready", then, a line for each it is told, the
seconds of a step, or the peak memory in bytes where it is told "memory"."""

import resource
import sys
import time


def serve(once):
    print("ready", flush=True)
    for command in sys.stdin:
        if command.strip() == "memory":
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)
            continue
        begin = time.perf_counter()
        once()
        print(f"{time.perf_counter() - begin:.6f}", flush=True)
