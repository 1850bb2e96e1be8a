"""One peer of compare.py: ONNX Runtime on the file that `hilum export` wrote; inference only.

    onnx_step.py FILE.onnx SIZE BATCH
"""

import os
import resource
import sys
import time

import numpy
import onnxruntime


def main():
    path, size, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count()))
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    shape = [batch, size, size, 3] if entry.shape[-1] == 3 else [batch, 3, size, size]
    x = numpy.random.default_rng(0).random(shape, dtype=numpy.float32) * 2 - 1
    print("ready", flush=True)
    for command in sys.stdin:
        if command.strip() == "memory":
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)
            continue
        begin = time.perf_counter()
        session.run(None, {entry.name: x})
        print(f"{time.perf_counter() - begin:.6f}", flush=True)


main()
