"""What PyTorch and torchvision say about networks with random weights: logits, loss, the gradient of
every parameter, running statistics after a training step, losses of ten Adam steps. Computed in
double; how far PyTorch's own float32 is from that is printed beside it.

  oracle.py short FOLDER NET...   golden files NET.safetensors: weights and images come from the
                                  counter-based generator that C++ has too, gradients are told by
                                  norm and projection, so that the files are small
  oracle.py start FOLDER NET...   NET.weights.pth, NET.weights.safetensors (torchvision's own
                                  initial weights) and NET.images.safetensors

judge.py compares what our program makes of the second. Both exit with 77 where torchvision is
missing. efficientnet_lite0 is not torchvision's: it needs the package efficientnet_lite_pytorch.
"""
import copy
import json
import sys

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
    import torchvision
except ImportError as missing:
    print(f"SKIP: {missing}; Debian package python3-torchvision")
    sys.exit(77)

SEED, CLASSES, BATCH, SIZE, STEPS, LR = 20, 7, 8, 64, 10, 1e-4
TRAINED = ("resnet18", "densenet121")  # by Adam too


class Philox:
    """Philox4x32-10 (Salmon et al., SC 2011) with the streams of kernels/philox.h."""

    def __init__(self, key, stream=0):
        self.key, self.stream = key, stream

    def blocks(self, index):
        low = np.uint64(0xFFFFFFFF)
        index = np.asarray(index, np.uint64)
        words = lambda v: (v & low, v >> np.uint64(32))
        c = [*words(index), *(np.full_like(index, w) for w in words(np.uint64(self.stream)))]
        k = [self.key & 0xFFFFFFFF, self.key >> 32]
        for _ in range(10):
            a, b = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
            high = lambda v: v >> np.uint64(32)
            c = [high(b) ^ c[1] ^ np.uint64(k[0]), b & low, high(a) ^ c[3] ^ np.uint64(k[1]), a & low]
            k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
        return np.stack(c, axis=-1)

    def child(self, name):
        what = 0xCBF29CE484222325
        for byte in name.encode():
            what = ((what ^ byte) * 0x100000001B3) % 2**64
        block = Philox(self.key, self.stream ^ (2**64 - 1)).blocks([what])[0]
        return Philox(int(block[1]) << 32 | int(block[0]), self.stream)

    def uniform(self, count):
        """`count` numbers in [0, 1) with 24 bits."""
        words = self.blocks(np.arange((count + 3) // 4)).reshape(-1)[:count]
        return (words >> np.uint64(8)).astype(np.float64) * 2.0**-24


def drawn(name, shape, low, high):
    values = low + (high - low) * Philox(SEED).child(name).uniform(int(np.prod(shape)))
    return torch.from_numpy(values.astype(np.float32)).reshape(*shape)


def golden_value(name, shape, names):
    """Filters as He has them, statistics not trivial. Batch norms move most of what they hand on
    away from the kink of the ReLU behind them, to either side."""
    if len(shape) > 1:
        bound = ((6 if len(shape) == 4 else 3) / int(np.prod(shape[1:]))) ** 0.5
        return drawn(name, shape, -bound, bound)
    if name.endswith("running_var"):
        return drawn(name, shape, 0.5, 1.5)
    if name.endswith("weight"):
        return drawn(name, shape, 0.2, 0.4)
    if name.endswith("bias") and name[:-4] + "running_mean" in names:
        side = drawn(name, shape, -0.6, 0.6)
        return side + torch.where(side < 0, -0.6, 0.6)
    return drawn(name, shape, -0.2, 0.2)


def make(name):
    if name == "efficientnet_lite0":
        from efficientnet_lite_pytorch import EfficientNet

        # Padding as for this size of image, no blocks dropped.
        net = EfficientNet.from_name("efficientnet-lite0", num_classes=CLASSES, image_size=SIZE,
                                     drop_connect_rate=0)
    elif name == "vgg19:fc":
        body = torchvision.models.vgg19(num_classes=CLASSES)
        side = SIZE // 32
        body.classifier[0] = torch.nn.Linear(512 * side * side, 4096)
        body.avgpool = torch.nn.Identity()
        net = body
    else:
        net = getattr(torchvision.models, name)(num_classes=CLASSES)
    for module in net.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return net


def tensors(net):
    """Parameters and running statistics by name, in PyTorch's order."""
    return dict(net.named_parameters()), {
        k: v for k, v in net.named_buffers() if not k.endswith("num_batches_tracked")}


def step(net, images):
    net.zero_grad()
    logits = net(images)
    loss = F.cross_entropy(logits, torch.arange(BATCH) % CLASSES)
    loss.backward()
    return logits.detach(), loss.detach()


def answers(net, images, mode):
    """Everything of one mode, under the names that torchvision_test.cpp knows."""
    model = copy.deepcopy(net).train(mode == "train")
    logits, loss = step(model, images)
    out = {mode + ".logits": logits, mode + ".loss": loss.reshape(1)}
    parameters, buffers = tensors(model)
    for name, parameter in parameters.items():
        out[f"{mode}.gradient.{name}"] = parameter.grad
    if mode == "train":
        for name, value in buffers.items():
            out["train.statistics." + name] = value
    return out


def adam_losses(net, images):
    net = copy.deepcopy(net).train()
    optimizer = torch.optim.Adam(net.parameters(), lr=LR)
    losses = []
    for i in range(STEPS):
        losses.append(float(step(net, images[i % 2])[1]))
        optimizer.step()
    return losses


def write_safetensors(path, all_tensors):
    header, offset, parts = {}, 0, []
    for name, tensor in all_tensors.items():
        kind, array = ("I32", tensor.int()) if tensor.dtype == torch.int64 else ("F32", tensor.float())
        data = array.contiguous().numpy().tobytes()
        header[name] = {"dtype": kind, "shape": list(tensor.shape),
                        "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
        parts.append(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(parts))


def read_safetensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    out = {}
    for name, entry in header.items():
        if name != "__metadata__":
            kind = {"F32": np.float32, "I32": np.int32}[entry["dtype"]]
            begin, end = entry["data_offsets"]
            array = np.frombuffer(data, kind, (end - begin) // 4, begin).reshape(entry["shape"])
            out[name] = torch.from_numpy(array.copy())
    return out


KINDS = ("eval.gradient", "train.gradient", "train.statistics")


def error(value, exact):
    return float((value.double() - exact).norm() / exact.norm())


def of_kind(out, kind):
    return [key for key in out if key.startswith(kind + ".")]


def shortened(out):
    """Per kind, the norm and the projection on random signs of each tensor, in order."""
    small = {key: value for key, value in out.items() if not key.startswith(KINDS)}
    for kind in KINDS:
        pairs = []
        for key in of_kind(out, kind):
            flat = out[key].double().reshape(-1).numpy()
            draws = Philox(SEED).child("signs " + key[len(kind) + 1:]).uniform(flat.size)
            pairs.append([np.linalg.norm(flat), float(flat @ np.where(draws < 0.5, -1.0, 1.0))])
        if pairs:
            small[kind + ".short"] = torch.tensor(pairs)
    return small


def own_errors(single, double):
    """How far PyTorch's float32 is from double, tensor by tensor; kinds as in KINDS."""
    own = {}
    for kind in KINDS:
        errors = [error(single[key], double[key]) for key in of_kind(double, kind)]
        if errors:
            own["float32." + kind] = torch.tensor(errors)
    return own


def short(folder, name):
    net = make(name)
    with torch.no_grad():
        parameters, buffers = tensors(net)
        for key, tensor in {**parameters, **buffers}.items():
            tensor.copy_(golden_value(key, tensor.shape, buffers))
    # Two batches, NHWC as ours.
    images = drawn("images", (2, BATCH, SIZE, SIZE, 3), -2, 2).permute(0, 1, 4, 2, 3).contiguous()
    double = copy.deepcopy(net).double()
    out, single = {}, {}
    for mode in ("eval", "train"):
        out.update(answers(double, images[0].double(), mode))
        single.update(answers(net, images[0], mode))
    own = own_errors(single, out)
    for kind, errors in own.items():
        print(f"{name}: {kind}: median {float(errors.median()):.1e}, worst {float(errors.max()):.1e}")
    if name in TRAINED:
        losses = adam_losses(double, images.double())
        single = adam_losses(net, images)
        print(f"{name}: Adam in float32: {max(abs(a - b) / a for a, b in zip(losses, single)):.1e}")
        out["adam.losses"] = torch.tensor(losses)
    write_safetensors(f"{folder}/{name.replace(':', '_')}.safetensors", {**shortened(out), **own})


def without_counters(state):
    return {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}


def start(folder, name):
    """Torchvision's own initial weights, but that batch norms are not all ones and zeros, where a
    factor for a shift would not be noticed and some gradients are zero but for rounding. The
    branches of deep residual networks begin small, near what zero_init_residual gives them: with
    whole ones every block doubles the variance, and fifty of them amplify rounding until PyTorch's
    own float32 is 1e-3 away from double."""
    torch.manual_seed(SEED)
    net = make(name)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.5, 0.5)
    for module in net.modules():
        if isinstance(module, torchvision.models.resnet.Bottleneck):
            torch.nn.init.uniform_(module.bn3.weight, 0.1, 0.3)
    state = net.state_dict()
    torch.save(state, f"{folder}/{name}.weights.pth")
    write_safetensors(f"{folder}/{name}.weights.safetensors", without_counters(state))
    images = torch.rand(2, BATCH, SIZE, SIZE, 3) * 4 - 2  # two batches, NHWC as ours
    write_safetensors(f"{folder}/{name}.images.safetensors", {"images": images})


def main():
    form, folder, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    for name in names:
        {"short": short, "start": start}[form](folder, name)


if __name__ == "__main__":
    main()
