using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Network;

/// <summary>The network on tensors: what training and scoring with libtorch have in common.</summary>
internal abstract class TensorLayers : ILayers<Tensor>
{
    private static readonly long[] _ones = [1, 1];

    // What is not needed any more goes at once: a backward pass keeps what it needs by itself.
    public Tensor Part(string? name, Tensor input, Func<Tensor, Tensor> run)
    {
        using var scope = NewDisposeScope();
        using (input)
        {
            return run(input).MoveToOuterDisposeScope();
        }
    }

    public Tensor Standardise(PixelStatistics statistics, Tensor x)
    {
        Tensor OfChannels(IReadOnlyList<float> values) => tensor([.. values], [values.Count, 1, 1]).Send(x.device);
        var mean = statistics.MeanImage is { } image ? OfPixels(image, x) : OfChannels(statistics.Mean);
        return x.sub(mean).div_(OfChannels(statistics.Deviation));
    }

    public abstract Tensor Convolution(ConvolutionPlan convolution, Tensor x);

    public abstract Tensor Linear(LinearPlan linear, Tensor x);

    public abstract Tensor Normalise(NormalisationPlan normalisation, Tensor x);

    public Tensor Pad(BlockPlan block, Tensor x)
    {
        var missing = block.Outputs - block.Inputs;
        var pixels = x.slice(2, 0, x.shape[2], block.Stride).slice(3, 0, x.shape[3], block.Stride);
        return functional.pad(pixels, [0, 0, 0, 0, missing / 2, missing - (missing / 2)]);
    }

    public Tensor Relu(Tensor x) => x.relu_();

    public Tensor Add(Tensor x, Tensor skip) => x.add_(skip, Tensors.One);

    public Tensor MaxPool(Tensor x) => functional.max_pool2d(x, kernel_size: 3, stride: 2, padding: 1);

    public Tensor GlobalAveragePool(Tensor x) => functional.adaptive_avg_pool2d(x, 1);

    public Tensor Flatten(Tensor x) => x.flatten(1);

    // Training may begin with smaller images than it ends with.
    private static Tensor OfPixels(MeanImage image, Tensor x)
    {
        var mean = Tensors.Copy(image.Values, [1, image.Channels, image.Height, image.Width], x.device);
        return x.shape[2] == image.Height && x.shape[3] == image.Width
            ? mean
            : functional.interpolate(
                mean, [x.shape[2], x.shape[3]], mode: InterpolationMode.Bilinear, align_corners: false, antialias: true);
    }

    /// <summary>A convolution with the part of its kernel that meets the image.</summary>
    public static Tensor Convolve(Tensor x, Tensor weight, Tensor? bias, ConvolutionPlan plan, KernelWindow window)
    {
        var (stride, groups) = (plan.Stride, plan.Groups);
        var (vertical, horizontal) = (window.Vertical, window.Horizontal);

        // A kernel just as large as the image is a matrix product, which is several times as fast.
        if (groups == 1 && vertical.Padding == 0 && horizontal.Padding == 0 && x.shape[2] == vertical.Count
            && x.shape[3] == horizontal.Count)
        {
            return functional.linear(x.flatten(1), weight.flatten(1), bias).unsqueeze(-1).unsqueeze(-1);
        }

        // A single value with a stride only sees every second pixel: taking these first makes the CPU's backward pass up to twice as fast.
        var isOnCpu = x.device_type == DeviceType.CPU;
        if (isOnCpu && vertical.Count == 1 && horizontal.Count == 1 && stride > 1)
        {
            var isChannelsLast = x.stride(1) == 1 && x.shape[1] > 1;
            x = x.slice(2, 0, x.shape[2], stride).slice(3, 0, x.shape[3], stride);
            x = isChannelsLast ? Tensors.ChannelsLast(x) : x.contiguous();
            stride = 1;
        }

        if (isOnCpu && groups == 1)
        {
            if (UnfoldedConvolution.Suits(x, weight, stride))
            {
                return UnfoldedConvolution.Run(x, weight, bias, stride, (vertical.Padding, horizontal.Padding));
            }

            if (WholeBlocks.AreNeeded)
            {
                return WholeBlocks.Convolve(x, weight, bias, Slide);
            }
        }

        return Slide(x, weight, bias);

        Tensor Slide(Tensor x, Tensor weight, Tensor? bias) => functional.conv2d(
            x, weight, bias, [stride, stride], [vertical.Padding, horizontal.Padding], _ones, groups);
    }
}

/// <summary>Between arrays, windows and tensors.</summary>
internal static class Tensors
{
    /// <summary>
    /// A number that stays. One that TorchSharp makes of a literal, or of an argument left out, may be collected while it is used: it is
    /// held until the native call has its handle, but not until the call returns.
    /// </summary>
    public static readonly Scalar One = 1.ToScalar();

    /// <summary>
    /// A copy of an array on a device. A tensor that is merely made from an array shares the array's memory, whose alignment differs
    /// from run to run, and with it the last bit of matrix products.
    /// </summary>
    public static Tensor Copy(float[] values, long[] shape, Device device) => tensor(values, shape).clone().to(device);

    /// <summary>
    /// A few numbers of the host on a device. Nobody waits for a GPU: it gets a copy in pinned memory once it has done what it was given
    /// before, and the host goes on to the next step. Not for images: libtorch copies that much into pinned memory with all its threads,
    /// which was measured to be slower than waiting.
    /// </summary>
    public static Tensor Send(this Tensor values, Device device)
    {
        if (values.device_type == device.type)
        {
            return values.to(device);
        }

        using var pinned = values.pin_memory();
        return pinned.to(device, non_blocking: true);
    }

    /// <summary>
    /// The same values (batch, channels, height, width), the channels of a pixel one after the other in memory: what the tensor cores of a
    /// GPU compute with. What a convolution puts out lies as its weights do, or as what it sees.
    /// </summary>
    public static Tensor ChannelsLast(Tensor values) => values.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

    /// <summary>A copy of images that lie one after the other: (images, channels, height, width).</summary>
    public static Tensor Copy(ReadOnlySpan<float> images, ImageShape shape, Device device)
    {
        var copy = empty([images.Length / shape.Count, shape.Channels, shape.Height, shape.Width]);
        MemoryMarshal.AsBytes(images).CopyTo(copy.bytes);
        return copy.to(device);
    }

    /// <summary>The part of a kernel (outputs, inputs, height, width) that a window shows, as a view.</summary>
    public static Tensor View(this KernelWindow window, Tensor kernel) => kernel
        .narrow(2, window.Vertical.First, window.Vertical.Count)
        .narrow(3, window.Horizontal.First, window.Horizontal.Count);
}
