#!/usr/bin/env bash
# The tests and the benchmarks as one archive, for a Linux machine with a GPU and PyTorch but without .NET: see docs/GPU.md.
# Usage: scripts/pack_for_gpu.sh app.tar.xz
set -euo pipefail
archive="$(realpath -m "$1")"
cd "$(dirname "$0")/.."
app="$(mktemp -d)"
trap 'rm -rf "$app"' EXIT
for project in tests/benchmarks tests/ResNetTrainer.Tests; do
    dotnet publish -c Release -r linux-x64 --self-contained -p:TorchBackend=none "$project" -o "$app"
done

# What most of the room goes to, and nothing on a GPU needs: a browser's driver, ImageNet weights, other systems' libraries, symbols.
cd "$app"
rm -rf .playwright DnnImageModels Microsoft.CodeCoverage onnxruntime*.dll ./*.dylib ./*.dbg ./*.pdb ./*.xml lib_lightgbm.so libLdaNative.so
strip --strip-unneeded ./*.so || true
tar -cf - . | xz --x86 --lzma2=preset=6 -T0 > "$archive"
ls -lh "$archive"
