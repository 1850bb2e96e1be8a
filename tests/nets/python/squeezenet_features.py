"""SqueezeNet 1.1's body in plain numpy from Keras' own file, on a real image: the independent
computation beside which tests/house/squeezenet_test.sh holds ours.

  squeezenet_features.py image PICTURE OUT            the picture as our network takes it, [S,S,3]
  squeezenet_features.py compare WEIGHTS IMAGE OURS   relative error at most 1e-4
"""
import sys

import numpy as np

SIDE = 63  # every window fits: 63, 31, 15, 7, 3
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def convolution(x, w, b, stride=1, pad=0):  # x [C,H,W], w [K,C,R,S]: a sum over taps
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    r, s = w.shape[2:]
    height, width = (x.shape[1] - r) // stride + 1, (x.shape[2] - s) // stride + 1
    y = np.zeros((w.shape[0], height, width))
    for i in range(r):
        for j in range(s):
            part = x[:, i : i + stride * height : stride, j : j + stride * width : stride]
            y += np.tensordot(w[:, :, i, j], part, 1)
    return np.maximum(y + b[:, None, None], 0)


def pool(x):
    n = (x.shape[1] - 3) // 2 + 1
    return np.max([x[:, i : i + 2 * n : 2, j : j + 2 * n : 2] for i in range(3) for j in range(3)], 0)


def body(path, x):
    import h5py

    file = h5py.File(path, "r")

    def layer(name):
        group = file[name]
        w, b = (group[n][:].astype(np.float64) for n in group.attrs["weight_names"])
        return w, b

    x = pool(convolution(x, *layer("conv1"), stride=2))
    for fire in range(2, 10):
        squeezed = convolution(x, *layer(f"fire{fire}/squeeze1x1"))
        x = np.concatenate(
            [
                convolution(squeezed, *layer(f"fire{fire}/expand1x1")),
                convolution(squeezed, *layer(f"fire{fire}/expand3x3"), pad=1),
            ]
        )
        if fire in (3, 5):
            x = pool(x)
    return x


if sys.argv[1] == "image":
    from PIL import Image

    picture = Image.open(sys.argv[2]).convert("RGB").resize((SIDE, SIDE), Image.BILINEAR)
    ((np.asarray(picture) / 255 - MEAN) / DEVIATION).astype(np.float32).tofile(sys.argv[3])
else:
    weights, image, ours = sys.argv[2:]
    ours = np.fromfile(ours, np.float32).reshape(3, 3, 512).transpose(2, 0, 1)
    image = np.fromfile(image, np.float32).reshape(SIDE, SIDE, 3).astype(np.float64)
    caffe = (image * DEVIATION * 255)[:, :, ::-1].transpose(2, 0, 1)  # 0 to 255 less a mean, BGR
    theirs = body(weights, caffe)
    error = np.abs(ours - theirs).max() / np.abs(theirs).max()
    print(f"SqueezeNet body: {ours.size} features, {np.mean(theirs > 0):.0%} not zero, "
          f"largest {theirs.max():.4g}, relative error {error:.2e}")
    assert theirs.max() > 0 and error <= 1e-4, error
