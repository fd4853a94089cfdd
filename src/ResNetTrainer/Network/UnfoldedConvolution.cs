using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Network;

/// <summary>
/// Small convolutions on the CPU as a product of matrices. That is how libtorch computes them, but it asks NNPACK first, which writes a
/// warning at each call where it does not know the processor, as on virtual machines that hide the sizes of their caches.
/// </summary>
internal static class UnfoldedConvolution
{
    /// <summary>Whether libtorch leaves this convolution, without groups, to something other than oneDNN.</summary>
    /// <remarks>use_mkldnn in ATen/native/Convolution.cpp, libtorch 2.10.</remarks>
    public static bool Suits(Tensor x, Tensor weight, int stride)
    {
        var (images, height, width) = (x.shape[0], weight.shape[2], weight.shape[3]);
        return x.device_type == DeviceType.CPU && x.dtype == ScalarType.Float32
            && (IsSingle(weight) && stride == 1 && images < 16 && get_num_threads() == 1
                || (height <= 3 || width <= 3) && images == 1 && x.numel() <= 20_480);
    }

    /// <summary>Runs one.</summary>
    /// <param name="x">Of shape (batch, inputs, height, width).</param>
    /// <param name="weight">Of shape (outputs, inputs, height, width).</param>
    /// <param name="bias">Of shape (outputs); null for none.</param>
    /// <param name="stride">Along both sides.</param>
    /// <param name="padding">Above and below, left and right.</param>
    public static Tensor Run(Tensor x, Tensor weight, Tensor? bias, int stride, (int Vertical, int Horizontal) padding)
    {
        var (kernelHeight, kernelWidth) = (weight.shape[2], weight.shape[3]);
        var height = ((x.shape[2] + (2 * padding.Vertical) - kernelHeight) / stride) + 1;
        var width = ((x.shape[3] + (2 * padding.Horizontal) - kernelWidth) / stride) + 1;
        var columns = IsSingle(weight) && stride == 1 && padding == (0, 0)
            ? x.flatten(2)
            : functional.unfold(x, (kernelHeight, kernelWidth), (1, 1), padding, (stride, stride));
        var y = weight.flatten(1).matmul(columns).view(x.shape[0], -1, height, width);
        return bias is null ? y : y.add_(bias.view(-1, 1, 1), Tensors.One);
    }

    private static bool IsSingle(Tensor weight) => weight.shape[2] == 1 && weight.shape[3] == 1;
}
