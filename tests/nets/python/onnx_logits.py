"""Runs NAME.onnx of a folder in ONNX Runtime on NAME.x and compares its logits with NAME.y: relative
to the largest of them, at most 1e-4. Usage: onnx_logits.py FOLDER NAME"""
import sys

import numpy as np
import onnx
import onnxruntime

folder, name = sys.argv[1:]
path = f"{folder}/{name}.onnx"
model = onnx.load(path)
onnx.checker.check_model(model, full_check=True)
assert model.opset_import[0].version == 17
assert {p.key: p.value for p in model.metadata_props}["net"] == name
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
shape = session.get_inputs()[0].shape
image = np.fromfile(f"{folder}/{name}.x", np.float32).reshape(-1, *shape[1:])
(logits,) = session.run(None, {"image": image})
ours = np.fromfile(f"{folder}/{name}.y", np.float32).reshape(logits.shape)
error = np.abs(logits - ours).max() / np.abs(ours).max()
print(f"{name:16} {onnxruntime.__version__}  relative error {error:.2e}")
assert np.isfinite(logits).all() and error <= 1e-4, error
