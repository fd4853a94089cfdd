using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Network.Convolutions;

/// <summary>
/// Convolutions whose channels fill the blocks in which oneDNN computes on the CPU. With libtorch 2.10 (oneDNN 3.7.1) a virtual machine
/// that hides the sizes of its caches computed what is left over of a block with whatever was in memory: 24 channels came out wrong by a
/// fifth, or as NaN, in float32 too, and with a stride of 2 the gradient of an odd number of blocks. There, channels of zeros are added.
/// </summary>
internal static class WholeBlocks
{
    private const int Block = 16;
    private static readonly Lazy<bool> _areNeeded = new(() => !(IsRight(channels: 48, stride: 2) && IsRight(channels: 24, stride: 1)));

    /// <summary>Whether convolutions are wrong on this machine without them. Asked of libtorch once, which took 40 ms.</summary>
    public static bool AreNeeded => _areNeeded.Value;

    /// <summary>Runs a convolution with more channels, all zeros, and takes those of its outputs that were asked for.</summary>
    /// <param name="x">Of shape (batch, inputs, height, width).</param>
    /// <param name="weight">Of shape (outputs, inputs, height, width).</param>
    /// <param name="bias">Of shape (outputs); null for none.</param>
    /// <param name="convolve">The convolution, without groups.</param>
    public static Tensor Convolve(Tensor x, Tensor weight, Tensor? bias, Func<Tensor, Tensor, Tensor?, Tensor> convolve)
    {
        var (outputs, inputs) = (weight.shape[0], weight.shape[1]);

        // The first layer's images stay as they are: oneDNN has kernels of its own for them.
        var isFirst = inputs is 1 or 3 && weight.shape[2] * weight.shape[3] > 1 && !x.requires_grad;
        var (moreInputs, moreOutputs) = (isFirst ? 0 : Missing(inputs), Missing(outputs));
        if (moreInputs == 0 && moreOutputs == 0)
        {
            return convolve(x, weight, bias);
        }

        var y = convolve(
            functional.pad(x, [0, 0, 0, 0, 0, moreInputs]),
            functional.pad(weight, [0, 0, 0, 0, 0, moreInputs, 0, moreOutputs]),
            bias is null ? null : functional.pad(bias, [0, moreOutputs]));
        if (moreOutputs == 0)
        {
            return y;
        }

        var asked = y.narrow(1, 0, outputs);
        return y.stride(1) == 1 ? Tensors.ChannelsLast(asked) : asked.contiguous();
    }

    // One block, or pairs of them.
    private static long Missing(long channels) => channels <= Block ? Block - channels : -channels & ((2 * Block) - 1);

    // Against the same convolution of whole blocks.
    private static bool IsRight(int channels, int stride)
    {
        const int Size = 4;
        using var scope = NewDisposeScope();
        using var gradients = enable_grad();
        float[] Waves(long count, float frequency) => [.. Enumerable.Range(0, (int)count).Select(at => MathF.Sin(frequency * at))];
        Tensor Of(long[] shape, float frequency) => Tensors.Copy(Waves(shape.Aggregate((a, b) => a * b), frequency), shape, CPU);
        Tensor Slide(Tensor x, Tensor weight, Tensor? bias) => functional.conv2d(x, weight, bias, [stride, stride], [1, 1]);
        (Tensor Output, Tensor Gradient) Run(Func<Tensor, Tensor, Tensor> convolve)
        {
            var x = Of([2, channels, Size, Size], 0.7f).requires_grad_();
            var weight = Of([channels, channels, 3, 3], 0.3f);

            // Memory that was used before, as it is in the middle of a training.
            Array.ForEach([.. Enumerable.Range(1, 40).Select(times => ones(times * 256))], (Tensor used) => used.Dispose());
            var y = convolve(x, weight);
            y.backward([Of(y.shape, 0.9f)]);
            return (y.detach(), x.grad!);
        }

        var expected = Run((x, weight) => Convolve(x, weight, bias: null, Slide));
        var found = Run((x, weight) => Slide(x, weight, bias: null));
        double Error(Tensor a, Tensor b) => ((a - b).norm() / b.norm()).item<float>();
        return Error(found.Output, expected.Output) < 1e-3 && Error(found.Gradient, expected.Gradient) < 1e-3;
    }
}
