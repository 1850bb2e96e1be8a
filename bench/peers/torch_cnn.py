"""The network of nets/cnn.cpp, for the peers that run PyTorch."""

import torch


def cnn(size, classes):
    layers, channels = [], 3
    for width in (32, 64, 128, 128):
        layers += [torch.nn.Conv2d(channels, width, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2)]
        channels, size = width, size // 2
    return torch.nn.Sequential(
        *layers, torch.nn.Flatten(), torch.nn.Linear(size * size * channels, 128), torch.nn.ReLU(),
        torch.nn.Dropout(0.5), torch.nn.Linear(128, classes))
