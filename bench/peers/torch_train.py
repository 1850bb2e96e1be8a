"""A peer of experiment.py: trains `cnn` as a PyTorch user would, with torchvision's transforms.

    torch_train.py DATA SIZE BATCH EPOCHS SEED

DATA holds train/CLASS/*.png and val/CLASS/*.png. One line an epoch, like `hilum train`.
"""

import os
import sys
import time

import torch
import torchvision
from torchvision import transforms

from torch_cnn import cnn


def main():
    data, size, batch, epochs, seed = sys.argv[1], *map(int, sys.argv[2:6])
    torch.manual_seed(seed)
    threads = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count()))
    torch.set_num_threads(threads)
    last = [transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)]
    augmented = transforms.Compose([
        transforms.Resize((size, size)),
        transforms.RandomAffine(10, translate=(0.1, 0.1), scale=(0.9, 1.1), shear=5.7),
        transforms.RandomHorizontalFlip(), transforms.ColorJitter(brightness=0.1), *last])
    plain = transforms.Compose([transforms.Resize((size, size)), *last])
    sets = {split: torchvision.datasets.ImageFolder(os.path.join(data, split), augmented if split == "train" else plain)
            for split in ("train", "val")}
    loaders = {split: torch.utils.data.DataLoader(images, batch, shuffle=split == "train", num_workers=threads,
                                                  persistent_workers=True) for split, images in sets.items()}
    net = cnn(size, len(sets["train"].classes)).to(memory_format=torch.channels_last)
    adam = torch.optim.Adam(net.parameters())
    for epoch in range(epochs):
        begin = time.perf_counter()
        net.train()
        for x, labels in loaders["train"]:
            loss = torch.nn.functional.cross_entropy(net(x.to(memory_format=torch.channels_last)), labels)
            adam.zero_grad()
            loss.backward()
            adam.step()
        net.eval()
        with torch.no_grad():
            correct = sum((net(x.to(memory_format=torch.channels_last)).argmax(1) == labels).sum().item()
                          for x, labels in loaders["val"])
        print(f"epoch {epoch + 1}: val {correct}/{len(sets['val'])}, {time.perf_counter() - begin:.2f} s", flush=True)


main()
