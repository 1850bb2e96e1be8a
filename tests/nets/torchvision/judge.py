"""Our answers about networks with torchvision's own initial weights, against PyTorch's in double.

  judge.py FOLDER NET...   NET.weights.*, NET.images (oracle.py start); NET.eval, NET.train and, of
                           some, NET.adam, which torchvision_test.cpp wrote; NET.exported, the
                           weights on their way back: all .safetensors. Exits with 1 where one is off

Relative errors of whole tensors, at most 1e-4; where one is beyond that, it is told how far PyTorch's
own float32 is. The initial weights of oracle.py are such that it stays within, too.

Which gradients pass a ReLU or a maximum is decided by rounding where a value lies near the kink, and
one value on the other side moves gradients by about the root of its share: 4 of 10 million change
those of densenet121 by 3 %. So for gradients the double run takes the sides that ours took; how many
are others than its own is told, and how far they lie from the kink is judged as an error is. Logits,
loss and statistics are compared without that.
"""
import copy
import sys

from oracle import STEPS, TRAINED, adam_losses, answers, error, make, of_kind, read_safetensors
from oracle import F, torch, without_counters

BAR = 1e-4


class Sides:
    """While it is entered, ReLUs and maxima keep the values that tell their sides, or take the sides
    that given values tell: of a ReLU (or ReLU6) its output, of a maximum its input."""

    def __init__(self, given=None):
        self.given, self.kept = given, []
        self.differing = self.total = 0
        self.farthest = 0.0  # from the kink, over the root mean square of the tensor

    def __enter__(self):
        self.functions = F.relu, F.hardtanh, F.max_pool2d
        F.relu, F.hardtanh, F.max_pool2d = self.relu, self.clamp, self.max_pool
        return self

    def __exit__(self, *_):
        F.relu, F.hardtanh, F.max_pool2d = self.functions

    def given_now(self, values):
        self.kept.append(values.detach())
        return values.detach() if self.given is None else self.given[len(self.kept) - 1]

    def count(self, differ, distance, x):
        self.total += differ.numel()
        self.differing += int(differ.sum())
        if differ.any():
            off = distance[differ].abs().max() / x.square().mean().sqrt()
            self.farthest = max(self.farthest, float(off.detach()))

    def relu(self, x, inplace=False):
        return self.clamp(x, 0, float("inf"))

    def clamp(self, x, low, high, inplace=False):
        values = self.given_now(x.clamp(low, high))
        inside, own = (values > low) & (values < high), (x > low) & (x < high)
        self.count(inside != own, torch.minimum((x - low).abs(), (x - high).abs()), x)
        return torch.where(inside, x, values.to(x.dtype))

    def max_pool(self, x, *how, return_indices=False, **more):
        indices = lambda values: self.functions[2](values, *how, return_indices=True, **more)[1]
        at = lambda index: x.flatten(2).gather(2, index.flatten(2)).view_as(index)
        side, own = indices(self.given_now(x)), indices(x)
        self.count(side != own, at(own) - at(side), x)
        return at(side)


def our_sides(ours):
    """In order; NCHW as theirs."""
    keys = sorted(key for key in ours if key.startswith("side."))
    return [ours[key].permute(0, 3, 1, 2) if ours[key].dim() == 4 else ours[key] for key in keys]


class Verdict:
    def __init__(self, name):
        self.name, self.failed = name, False

    def bound(self, what, got, limit):
        if not got <= limit:  # NaN too
            self.failed = True
            print(f"{self.name}: {what} is off by {got:.1e}. Expected at most {limit:.1e}.")


def errors(double, images, single, sides, mode):
    """How far answers are from the double run; with its own sides, and the gradients with theirs."""
    exact = answers(double, images.double(), mode)
    plain = {key: error(single[key], value) for key, value in exact.items()}
    with Sides(sides) as taken:
        exact = answers(double, images.double(), mode)
    assert len(taken.kept) == len(sides), "other ReLUs than ours"
    gradients = of_kind(exact, mode + ".gradient")
    off = {**plain, **{key: error(single[key], exact[key]) for key in gradients}}
    off["distance of a side from the kink"] = taken.farthest
    return off, plain, taken


def judge_mode(verdict, net, double, images, ours, mode):
    off, plain, sides = errors(double, images, ours, our_sides(ours), mode)
    own = dict.fromkeys(off, 0.0)
    if max(off.values()) > BAR:
        with Sides() as taken:
            single = answers(net, images, mode)
        own = errors(double, images, single, taken.kept, mode)[0]
    for key, value in off.items():
        verdict.bound(f"{mode}: {key} (PyTorch's float32: {own[key]:.1e})", value, BAR)

    beyond = [key for key in off if off[key] > BAR]
    largest = lambda keys, errors=off: max((errors[key] for key in keys), default=0.0)
    statistics, gradients = (of_kind(off, mode + kind) for kind in (".statistics", ".gradient"))
    within = [key for key in gradients if key not in beyond]
    print(f"{verdict.name}: {mode}: logits {off[mode + '.logits']:.1e}, loss "
          f"{off[mode + '.loss']:.1e}, {len(statistics)} statistics {largest(statistics):.1e}, "
          f"{len(within)} gradients {largest(within):.1e}; sides of {sides.differing} in "
          f"{sides.total} differ, with its own {largest(gradients, plain):.1e}")
    if beyond:
        ratio = max(off[key] / max(own[key], BAR / 4) for key in beyond)
        print(f"{verdict.name}: {mode}: {len(beyond)} more {largest(beyond):.1e}, PyTorch's float32 "
              f"{largest(beyond, own):.1e}, at most {ratio:.1f} times its error")


def judge_adam(verdict, net, double, images, ours):
    """Step by step with our sides; also told is how far both float32 programs come without."""
    losses = ours["losses"].double()
    farthest = lambda exact, got: float((torch.tensor(exact) - got).abs().max())
    with Sides(our_sides(ours)) as sides:
        exact = adam_losses(double, images.double())
    off = farthest(exact, losses) if len(losses) == STEPS else float("nan")
    verdict.bound("a loss of Adam", off, 1e-3)
    own = adam_losses(double, images.double())
    single = torch.tensor(adam_losses(net, images)).double()
    print(f"{verdict.name}: {STEPS} steps of Adam: losses {exact[0]:.4f} to {exact[-1]:.4f}, off by "
          f"{off:.1e} at most; sides of {sides.differing} in {sides.total} differ, with its own "
          f"{farthest(own, losses):.1e}, and PyTorch's float32 is off by {farthest(own, single):.1e}")


def judge(folder, name):
    verdict = Verdict(name)
    path = lambda what: f"{folder}/{name}.{what}.safetensors"
    net = make(name)
    state = torch.load(f"{folder}/{name}.weights.pth")
    net.load_state_dict(state)
    exported = read_safetensors(path("exported"))
    again = make(name)
    refused = again.load_state_dict(exported, strict=False)
    lost = [key for key in refused.missing_keys if not key.endswith("num_batches_tracked")]
    same = all(torch.equal(exported[k], v) for k, v in without_counters(state).items())
    if refused.unexpected_keys or lost or not same:
        verdict.failed = True
        print(f"{name}: the exported file has other weights: {refused}")
    double = copy.deepcopy(net).double()
    images = read_safetensors(path("images"))["images"].permute(0, 1, 4, 2, 3).contiguous()
    for mode in ("eval", "train"):
        judge_mode(verdict, net, double, images[0], read_safetensors(path(mode)), mode)
    if name in TRAINED:
        judge_adam(verdict, net, double, images, read_safetensors(path("adam")))
    return not verdict.failed


if __name__ == "__main__":
    sys.exit(0 if all([judge(sys.argv[1], name) for name in sys.argv[2:]]) else 1)
