"""What numpy's SVD says of random matrices, as JSON for pca_test.cpp. Argument: the seed."""
import json
import sys

try:
    import numpy as np
except ImportError:
    print("SKIP: numpy is missing (Debian: python3-numpy)")
    sys.exit(77)

random = np.random.default_rng(int(sys.argv[1]))


def problem(name, n, d, k, rank):
    # A spectrum that falls by a tenth a step, as those of images do, over a mean that is not zero.
    u = np.linalg.qr(random.normal(size=(n, rank)))[0]
    v = np.linalg.qr(random.normal(size=(d, rank)))[0]
    x = (u * 50 * 0.9 ** np.arange(rank)) @ v.T + random.normal(size=d)
    x = x.astype(np.float32)
    exact = x.astype(np.float64)
    s, vt = np.linalg.svd(exact - exact.mean(0), full_matrices=False)[1:]
    return {"name": name, "n": n, "d": d, "k": k, "rank": min(rank - 1, k), "x": x.ravel().tolist(),
            "variance": (s**2 / (n - 1))[:k].tolist(), "components": vt[:k].ravel().tolist()}


json.dump([problem("tall", 300, 60, 10, 50), problem("wide", 50, 400, 10, 40),
           problem("rank-deficient", 80, 70, 12, 6), problem("large", 300, 700, 20, 200)],
          sys.stdout)
