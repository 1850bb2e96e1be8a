"""One peer of compare.py: PyTorch doing the step that step.cpp does; the same words on the pipe.

    torch_step.py NET SIZE BATCH train|infer [tuned]

Inference runs the frozen TorchScript module. Without `tuned` everything is PyTorch's default, as most
programs have it. `tuned` is PyTorch at its best on a CPU: channels-last memory; compare.py starts it
with an allocator that keeps its memory and its AVX-512 kernels.
"""

import os
import sys

import torch
import torchvision

from peer import serve
from torch_cnn import cnn


def main():
    name, size, batch, mode = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    tuned = "tuned" in sys.argv
    torch.manual_seed(0)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))
    net = cnn(size, 3) if name == "cnn" else getattr(torchvision.models, name)(num_classes=3)
    x = torch.rand(batch, 3, size, size) * 2 - 1
    labels = torch.arange(batch) % 3
    if tuned:
        net = net.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
    if mode == "train":
        net.train()
        adam = torch.optim.Adam(net.parameters(), lr=1e-4)

        def once():
            loss = torch.nn.functional.cross_entropy(net(x), labels)
            # Gradients that stay where they are, set to zero, are 7 % faster than new ones (resnet50).
            adam.zero_grad(set_to_none=False) if tuned else adam.zero_grad()
            loss.backward()
            adam.step()
    else:
        net.eval()
        with torch.no_grad():
            script = torch.jit.freeze(torch.jit.trace(net, x))

        def once():
            with torch.no_grad():
                script(x)

    serve(once)


main()
