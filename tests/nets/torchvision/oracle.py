"""What PyTorch and torchvision say about networks with random weights: logits, loss, the gradient of
every parameter, running statistics after a training step, losses of ten Adam steps. Computed in
double; how far PyTorch's own float32 is from that is printed beside it.

  oracle.py short FOLDER NET...   golden files NET.safetensors: weights and images come from the
                                  counter-based generator that C++ has too, gradients are told by
                                  norm and projection, so that the files are small
  oracle.py whole FOLDER NET...   NET.safetensors (everything), NET.weights.safetensors and
                                  NET.weights.pth; weights and images from torch's generator, by seed

Exits with 77 where torchvision is missing. efficientnet_lite0 is not torchvision's: it needs the
package efficientnet_lite_pytorch.
"""
import copy
import json
import sys

try:
    import numpy as np
    import torch
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


def philox_draw(name, count):
    return Philox(SEED).child(name).uniform(count)


def torch_draw(name, count):
    generator = torch.Generator().manual_seed(Philox(SEED).child(name).key >> 1)
    return torch.rand(count, generator=generator).double().numpy()


def drawn(draw, name, shape, low, high):
    values = low + (high - low) * draw(name, int(np.prod(shape)))
    return torch.from_numpy(values.astype(np.float32)).reshape(*shape)


def value(draw, name, shape, names):
    """Filters as He has them, statistics not trivial. Batch norms move most of what they hand on
    away from the kink of the ReLU behind them, to either side: where many values lie near it,
    rounding decides which gradients are dropped, and no two programs agree."""
    if len(shape) > 1:
        bound = ((6 if len(shape) == 4 else 3) / int(np.prod(shape[1:]))) ** 0.5
        return drawn(draw, name, shape, -bound, bound)
    if name.endswith("running_var"):
        return drawn(draw, name, shape, 0.5, 1.5)
    if name.endswith("weight"):
        return drawn(draw, name, shape, 0.2, 0.4)
    if name.endswith("bias") and name[:-4] + "running_mean" in names:
        side = drawn(draw, name, shape, -0.6, 0.6)
        return side + torch.where(side < 0, -0.6, 0.6)
    return drawn(draw, name, shape, -0.2, 0.2)


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


def step(net, images, labels):
    net.zero_grad()
    logits = net(images)
    loss = torch.nn.functional.cross_entropy(logits, labels)
    loss.backward()
    return logits.detach(), loss.detach()


def answers(net, images, labels):
    """Everything, under the names that torchvision_test.cpp reads."""
    out = {}
    for mode in ("eval", "train"):
        model = copy.deepcopy(net).train(mode == "train")
        logits, loss = step(model, images, labels)
        out[mode + ".logits"], out[mode + ".loss"] = logits, loss.reshape(1)
        parameters, buffers = tensors(model)
        for name, parameter in parameters.items():
            out[f"{mode}.gradient.{name}"] = parameter.grad.clone()
        if mode == "train":
            for name, value in buffers.items():
                out["train.statistics." + name] = value.clone()
    return out


def adam_losses(net, images, labels):
    net = copy.deepcopy(net).train()
    optimizer = torch.optim.Adam(net.parameters(), lr=LR)
    losses = []
    for i in range(STEPS):
        losses.append(float(step(net, images[i % 2], labels)[1]))
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
            draws = philox_draw("signs " + key[len(kind) + 1:], flat.size)
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


def main():
    form, folder, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    draw = philox_draw if form == "short" else torch_draw
    labels = torch.arange(BATCH) % CLASSES
    for name in names:
        net = make(name)
        with torch.no_grad():
            parameters, buffers = tensors(net)
            for key, tensor in {**parameters, **buffers}.items():
                tensor.copy_(value(draw, key, tensor.shape, buffers))
        images = drawn(draw, "images", (2, BATCH, SIZE, SIZE, 3), -2, 2)  # two batches, NHWC as ours
        for_torch = images.permute(0, 1, 4, 2, 3).contiguous()
        double = copy.deepcopy(net).double()
        out = answers(double, for_torch[0].double(), labels)
        own = own_errors(answers(net, for_torch[0], labels), out)
        for kind, errors in own.items():
            print(f"{name}: {kind}: median {float(errors.median()):.1e}, worst {float(errors.max()):.1e}")
        if name in TRAINED:
            losses = adam_losses(double, for_torch.double(), labels)
            single = adam_losses(net, for_torch, labels)
            print(f"{name}: Adam in float32: {max(abs(a - b) / a for a, b in zip(losses, single)):.1e}")
            out["adam.losses"] = torch.tensor(losses)
        path = f"{folder}/{name.replace(':', '_')}"
        if form == "short":
            write_safetensors(path + ".safetensors", {**shortened(out), **own})
            continue
        write_safetensors(path + ".safetensors", {"images": images, **out, **own})
        state = net.state_dict()
        torch.save(state, path + ".weights.pth")
        write_safetensors(path + ".weights.safetensors",
                          {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")})


main()
