using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Network.Convolutions;

/// <summary>
/// The order in memory in which oneDNN convolves sooner on the CPU in bfloat16: the channels of a pixel together, or, in the last stages of
/// wide networks, the pixels of a channel (docs/BENCHMARKS.md, "Where a step goes"). What a convolution puts out lies as what it sees.
/// </summary>
internal static class ChannelOrder
{
    // On so few pixels so many channels: where the pixels lie together, oneDNN leaves out the products with the padding.
    private const int MostPixels = 4 * 4;
    private const int FewestChannels = 256;

    /// <summary>The same values in the order that a convolution wants; in another precision or on a GPU as they are.</summary>
    /// <param name="x">Of shape (batch, inputs, height, width).</param>
    /// <param name="convolution">The convolution.</param>
    public static Tensor For(Tensor x, ConvolutionPlan convolution)
    {
        if (x.dtype != ScalarType.BFloat16 || x.device_type != DeviceType.CPU)
        {
            return x;
        }

        var height = ShapeInference.Strided(x.shape[2], convolution.Stride);
        var width = ShapeInference.Strided(x.shape[3], convolution.Stride);
        return height * width <= MostPixels && convolution.Outputs >= FewestChannels ? x.contiguous() : Tensors.ChannelsLast(x);
    }
}
