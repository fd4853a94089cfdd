#!/usr/bin/env python3
"""Makes the subset of Fashion-MNIST that ships with the sample.

Takes images from the full set's training and test files, balanced by class and in random order, and writes them in the
same format under the same names. The result is the same on every machine. Needs nothing but Python 3 and the full set,
which on Debian comes with: apt-get install dataset-fashion-mnist
"""

import argparse
import gzip
import random
import struct
from pathlib import Path


def read(path, dimensions):
    data = gzip.decompress(path.read_bytes())
    sizes = struct.unpack(f">{dimensions + 1}I", data[: 4 * (dimensions + 1)])
    assert sizes[0] == 0x800 + dimensions, path
    return sizes[1:], data[4 * (dimensions + 1) :]


def write(path, sizes, values):
    data = struct.pack(f">{len(sizes) + 1}I", 0x800 + len(sizes), *sizes) + values
    # No name and no time in the header, so that the bytes depend on the data alone.
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as zipped:
        zipped.write(data)


def choose(labels, per_class, seed):
    by_class = {}
    for index, label in enumerate(labels):
        by_class.setdefault(label, []).append(index)
    generator = random.Random(seed)
    chosen = [index for label in sorted(by_class) for index in generator.sample(by_class[label], per_class)]
    generator.shuffle(chosen)
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--target", type=Path, default=Path(__file__).parent.parent / "src" / "Sample" / "data")
    arguments = parser.parse_args()
    arguments.target.mkdir(parents=True, exist_ok=True)
    for name, per_class in (("train", 1000), ("t10k", 200)):
        images, labels = f"{name}-images-idx3-ubyte.gz", f"{name}-labels-idx1-ubyte.gz"
        (_, height, width), pixels = read(arguments.source / images, 3)
        _, classes = read(arguments.source / labels, 1)
        chosen = choose(classes, per_class, seed=0)
        size = height * width
        write(arguments.target / images, (len(chosen), height, width), b"".join(pixels[i * size : (i + 1) * size] for i in chosen))
        write(arguments.target / labels, (len(chosen),), bytes(classes[i] for i in chosen))


if __name__ == "__main__":
    main()
