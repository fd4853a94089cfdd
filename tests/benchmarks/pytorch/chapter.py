#!/usr/bin/env python3
"""The program of Dive into Deep Learning, 7.6, in PyTorch: ResNet-18, SGD 0.05, Xavier initialisation, no augmentation.

Either times training steps over tensors in memory (--steps) or does the chapter's whole training (--epochs), on all cores or a GPU.
Prints JSON lines. On Debian: apt-get install python3-torch dataset-fashion-mnist
"""

import argparse
import gzip
import json
import os
import resource
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    def __init__(self, inputs, outputs, use_1x1conv=False, strides=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, stride=strides)
        self.conv2 = nn.Conv2d(outputs, outputs, kernel_size=3, padding=1)
        self.conv3 = nn.Conv2d(inputs, outputs, kernel_size=1, stride=strides) if use_1x1conv else None
        self.bn1 = nn.BatchNorm2d(outputs)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (self.conv3(x) if self.conv3 else x))


def resnet18(classes=10):
    layers = [nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    width = 64
    for stage, outputs in enumerate((64, 128, 256, 512)):
        layers.append(Residual(width, outputs, use_1x1conv=stage > 0, strides=2 if stage > 0 else 1))
        layers.append(Residual(outputs, outputs))
        width = outputs
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(width, classes))
    for layer in net.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_uniform_(layer.weight)
    return net


def load(folder, part, limit=None):
    def read(name, offset):
        data = bytearray(gzip.open(folder / f"{part}-{name}-ubyte.gz").read())
        return torch.frombuffer(data, dtype=torch.uint8, offset=offset)

    images = read("images-idx3", 16).view(-1, 1, 28, 28)
    labels = read("labels-idx1", 8).long()
    return (images, labels) if limit is None else (images[:limit], labels[:limit])


def prepare(images, size):
    images = images.float().div_(255)
    return images if size == 28 else F.interpolate(images, size, mode="bilinear", align_corners=False, antialias=True)


def step(net, optimizer, images, labels, arguments):
    optimizer.zero_grad()
    with torch.autocast(arguments.device, dtype=torch.bfloat16, enabled=arguments.autocast):
        logits = net(images)
        loss = F.cross_entropy(logits, labels)
    loss.backward()
    optimizer.step()
    return logits, loss


def wait(arguments):
    if arguments.device == "cuda":
        torch.cuda.synchronize()


def time_steps(net, optimizer, arguments):
    images, labels = load(arguments.data, "train", 4 * arguments.batch_size)
    images = prepare(images.to(arguments.device), arguments.image_size)
    labels = labels.to(arguments.device)
    batches = [(images[i : i + arguments.batch_size], labels[i : i + arguments.batch_size])
               for i in range(0, len(labels) - arguments.batch_size + 1, arguments.batch_size)]
    # A GPU is waited for before and after all steps only: its host runs ahead of it.
    for number in range(-2, arguments.steps):
        if number == 0:
            wait(arguments)
            start = time.perf_counter()
        step(net, optimizer, *batches[number % len(batches)], arguments)
    wait(arguments)
    print(json.dumps({
        "imagesPerSecond": arguments.batch_size * arguments.steps / (time.perf_counter() - start),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "peakMemoryBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }))


def accuracy(net, images, labels, arguments):
    net.eval()
    hits = 0
    with torch.no_grad():
        for i in range(0, len(labels), arguments.batch_size):
            logits = net(prepare(images[i : i + arguments.batch_size].to(arguments.device), arguments.image_size)).cpu()
            hits += (logits.argmax(1) == labels[i : i + arguments.batch_size]).sum().item()
    net.train()
    return hits / len(labels)


def train(net, optimizer, arguments):
    images, labels = load(arguments.data, "train")
    test = load(arguments.data, "t10k")
    for epoch in range(1, arguments.epochs + 1):
        start = time.perf_counter()
        total, hits = 0.0, 0
        for chosen in torch.randperm(len(labels)).split(arguments.batch_size):
            batch, wanted = images[chosen].to(arguments.device), labels[chosen].to(arguments.device)
            logits, loss = step(net, optimizer, prepare(batch, arguments.image_size), wanted, arguments)
            total += loss.item() * len(chosen)
            hits += (logits.argmax(1) == wanted).sum().item()
        seconds = time.perf_counter() - start
        print(json.dumps({
            "epoch": epoch,
            "trainLoss": total / len(labels),
            "trainAccuracy": hits / len(labels),
            "testAccuracy": accuracy(net, *test, arguments),
            "seconds": seconds,
        }), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--image-size", type=int, default=96)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--autocast", action="store_true", help="compute in bfloat16 where PyTorch holds that to be safe")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(os.cpu_count())
    net = resnet18().to(arguments.device)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    (train if arguments.epochs else time_steps)(net, optimizer, arguments)


if __name__ == "__main__":
    main()
