using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Network.Convolutions;

/// <summary>A convolution by libtorch, in whichever of its ways is right and soonest.</summary>
internal static class LibtorchConvolution
{
    private static readonly long[] _ones = [1, 1];

    /// <param name="x">Of shape (batch, inputs, height, width).</param>
    /// <param name="weight">Of shape (outputs, inputs of a group, height, width): the part of the kernel that meets the image.</param>
    /// <param name="bias">Of shape (outputs); null for none.</param>
    /// <param name="plan">The convolution.</param>
    /// <param name="window">Which part of the kernel that is.</param>
    public static Tensor Run(Tensor x, Tensor weight, Tensor? bias, ConvolutionPlan plan, KernelWindow window)
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
            x = Tensors.Every(stride, x);
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

        Tensor Slide(Tensor x, Tensor weight, Tensor? bias) =>
            groups == 1 && bias is null && WeightGradient.Suits(x, weight, stride)
                ? WeightGradient.Convolve(x, weight, stride, (vertical.Padding, horizontal.Padding))
                : functional.conv2d(x, weight, bias, [stride, stride], [vertical.Padding, horizontal.Padding], _ones, groups);
    }
}
