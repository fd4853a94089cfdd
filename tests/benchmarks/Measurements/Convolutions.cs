using System.CommandLine;
using System.Diagnostics;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Network.Convolutions;
using ResNetMLNet.Network.Convolutions.Winograd;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>Convolutions of 3x3 by libtorch and as training has them, in turn: in float32 by Winograd's algorithm.</summary>
internal static class Convolutions
{
    // Those of the networks for small images in batches of 128, of ResNet-18 at 224x224 in batches of 16, and of the last stage at 96x96
    // and 128x128.
    private static readonly (int Images, int Channels, int Size)[] _shapes =
    [
        (128, 16, 28), (128, 32, 28), (128, 32, 14), (128, 64, 14), (128, 64, 7), (128, 128, 7), (128, 128, 4), (128, 256, 4),
        (16, 64, 56), (16, 128, 28), (16, 256, 14), (16, 512, 7), (256, 512, 3), (64, 512, 4),
    ];

    public static Command Create()
    {
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 9 };
        var precision = new Option<ComputePrecision>("--precision") { DefaultValueFactory = _ => ComputePrecision.Float32 };
        var command = new Command(
            "convolutions", "Convolutions of 3x3 by libtorch and as training has them, in ms (medians).") { rounds, precision };
        command.SetAction(parsed => Run(parsed.GetValue(rounds), parsed.GetValue(precision)));
        return command;
    }

    private static void Run(int rounds, ComputePrecision precision)
    {
        TorchRuntime.EnsureLoaded();
        using var heap = NativeHeap.Keep();
        var type = PrecisionSelector.Select(precision, CPU);
        var trained = type == ScalarType.Float32 ? "Winograd" : "as trained";
        Console.WriteLine($"{get_num_threads()} threads, {type}\n");
        Console.WriteLine(
            $"| images, channels, size | forward: libtorch | channels last | {trained} "
            + $"| backward: libtorch | channels last | {trained} | all: ratio |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (var (images, channels, size) in _shapes)
        {
            using var scope = NewDisposeScope();
            var plan = new ConvolutionPlan("conv", channels, channels, Kernel: 3, Stride: 1) { IsBiased = false };
            var plain = randn(images, channels, size, size).to_type(type).detach();
            var weight = randn(channels, channels, 3, 3).to_type(type).detach().requires_grad_();
            var last = Tensors.ChannelsLast(plain).detach().requires_grad_();
            var ordered = type == ScalarType.Float32 ? last : ChannelOrder.For(plain, plan).detach().requires_grad_();
            plain.requires_grad_();
            Tensor Slide(Tensor x) => functional.conv2d(x, weight, null, [1, 1], [1, 1]);
            Tensor Trained(Tensor x) => type == ScalarType.Float32
                ? WinogradConvolution.Run(x, weight)
                : LibtorchConvolution.Run(x, weight, null, plan, KernelWindow.Of(plan, size, size));
            (Tensor X, Func<Tensor, Tensor> Run)[] ways = [(plain, Slide), (last, Slide), (ordered, Trained)];
            var (forward, backward) = (ways.Select(_ => new List<double>()).ToArray(), ways.Select(_ => new List<double>()).ToArray());
            for (var round = -2; round < rounds; round++)
            {
                for (var way = 0; way < ways.Length; way++)
                {
                    using var step = NewDisposeScope();
                    var watch = Stopwatch.StartNew();
                    var y = ways[way].Run(ways[way].X);
                    var seconds = watch.Elapsed.TotalMilliseconds;
                    var gradient = y.stride(1) == 1 ? Tensors.ChannelsLast(ones_like(y)) : ones_like(y);
                    watch.Restart();
                    y.backward([gradient]);
                    if (round >= 0)
                    {
                        forward[way].Add(seconds);
                        backward[way].Add(watch.Elapsed.TotalMilliseconds);
                    }
                }
            }

            double[] times = [.. forward.Concat(backward).Select(StepProfile.Median)];
            var ratio = (times[0] + times[3]) / (times[2] + times[5]);
            Console.WriteLine($"| {images}, {channels}, {size} | {string.Join(" | ", times.Select(time => $"{time:F1}"))} | {ratio:F2} |");
        }
    }
}
