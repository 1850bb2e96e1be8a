"""Makes the small files of this folder, with PyTorch and h5py: what weights_test.cpp reads was written
by others. Run it with a Python that has both; the files are committed."""
import collections
import pathlib

import h5py
import numpy as np
import torch

here = pathlib.Path(__file__).parent
ramp = lambda *shape: torch.arange(int(np.prod(shape)), dtype=torch.float32).reshape(shape)

shared = ramp(10)
state = collections.OrderedDict(
    [
        ("module.conv.weight", ramp(2, 3, 2, 2)),
        ("module.turned", ramp(3, 4).t()),  # strides 1, 4
        ("module.first", shared[:4]),
        ("module.second", shared[4:]),
        ("module.half", ramp(3).half()),
        ("module.bfloat", ramp(3).bfloat16()),
        ("module.double", ramp(2).double()),
        ("module.parameter", torch.nn.Parameter(ramp(2))),
        ("module.num_batches_tracked", torch.tensor(7)),
        ("module.none", torch.zeros(0, 3)),
    ]
)
whole = {"epoch": 3, "best": 0.5, "arch": "tiny", "state_dict": state}
torch.save(whole, here / "tiny.pth")
torch.save(whole, here / "tiny_legacy.pth", _use_new_zipfile_serialization=False)


def keras(name, layers, order="hwio", **options):
    with h5py.File(here / name, "w", **options) as file:
        file.attrs["layer_names"] = np.array([layer.encode() for layer in layers])
        file.attrs["backend"] = np.bytes_("tensorflow")
        for layer, tensors in layers.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = np.array([f"{layer}/{n}".encode() for n in tensors])
            for tensor, values in tensors.items():
                group.create_dataset(f"{layer}/{tensor}", data=values.numpy())


body = {
    "conv2d": {"kernel:0": ramp(2, 2, 3, 2), "bias:0": ramp(2)},
    "bn": {n: 1 + ramp(2) for n in ["gamma:0", "beta:0", "moving_mean:0", "moving_variance:0"]},
    "dense": {"kernel:0": ramp(8, 3), "bias:0": ramp(3)},
}
keras("tiny.h5", body)
keras("small.h5", {"a": {"w": ramp(2)}})

with h5py.File(here / "huge.h5", "w") as file:  # claims 2 GB, none of it written
    file.attrs["layer_names"] = np.array([b"a"])
    group = file.create_group("a")
    group.attrs["weight_names"] = np.array([b"w"])
    group.create_dataset("w", shape=(1 << 29,), dtype="f4")
with h5py.File(here / "huge_chunks.h5", "w") as file:
    file.attrs["layer_names"] = np.array([b"a"])
    group = file.create_group("a")
    group.attrs["weight_names"] = np.array([b"w"])
    group.create_dataset("w", shape=(1 << 29,), dtype="f4", chunks=(1 << 20,), compression="gzip")
with h5py.File(here / "link.h5", "w") as file:
    file.attrs["layer_names"] = np.array([b"a"])
    file["a"] = h5py.ExternalLink("tiny.h5", "/conv2d")
