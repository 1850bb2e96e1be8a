"""One peer of compare.py: ONNX Runtime on the file that `hilum export` wrote; inference only.

    onnx_step.py FILE.onnx SIZE BATCH
"""

import os
import sys

import numpy
import onnxruntime

from peer import serve


def main():
    path, size, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count()))
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    shape = [batch, size, size, 3] if entry.shape[-1] == 3 else [batch, 3, size, size]
    x = numpy.random.default_rng(0).random(shape, dtype=numpy.float32) * 2 - 1
    serve(lambda: session.run(None, {entry.name: x}))


main()
