using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Network.Convolutions;

/// <summary>
/// Small convolutions on the CPU as a product of matrices. That is how libtorch computes them, but it asks NNPACK first, which writes a
/// warning at each call where it does not know the processor, as on virtual machines that hide the sizes of their caches.
/// </summary>
internal static class UnfoldedConvolution
{
    /// <summary>Whether libtorch leaves this convolution on the CPU, without groups, to something other than oneDNN.</summary>
    /// <remarks>use_mkldnn in ATen/native/Convolution.cpp, libtorch 2.10.</remarks>
    public static bool Suits(Tensor x, Tensor weight, int stride)
    {
        var (images, height, width) = (x.shape[0], weight.shape[2], weight.shape[3]);
        return x.dtype == ScalarType.Float32
            && (height == 1 && width == 1 && stride == 1 && images < 16 && get_num_threads() == 1
                || (height <= 3 || width <= 3) && images == 1 && x.numel() <= 20_480);
    }

    /// <summary>Runs one.</summary>
    /// <param name="x">Of shape (batch, inputs, height, width).</param>
    /// <param name="weight">Of shape (outputs, inputs, height, width).</param>
    /// <param name="bias">Of shape (outputs); null for none.</param>
    /// <param name="stride">Along both sides.</param>
    /// <param name="padding">Above and below, left and right, so that only the stride makes the image smaller.</param>
    public static Tensor Run(Tensor x, Tensor weight, Tensor? bias, int stride, (int Vertical, int Horizontal) padding)
    {
        var columns = functional.unfold(x, (weight.shape[2], weight.shape[3]), (1, 1), padding, (stride, stride));
        var (height, width) = (ShapeInference.Strided(x.shape[2], stride), ShapeInference.Strided(x.shape[3], stride));
        var y = weight.flatten(1).matmul(columns).view(x.shape[0], weight.shape[0], height, width);
        return bias is null ? y : y.add_(bias.view(-1, 1, 1), Tensors.One);
    }
}
