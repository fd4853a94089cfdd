using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Network;

/// <summary>A convolution with the part of its kernel that meets the picture.</summary>
internal sealed class Convolution(int stride, Taps taps)
{
    private static readonly long[] Ones = [1, 1];

    private readonly long[] _strides = [stride, stride];
    private readonly long[] _padding = [taps.Vertical.Padding, taps.Horizontal.Padding];

    public Tensor Forward(Tensor x, Tensor weight, Tensor? bias)
    {
        var (height, width) = (weight.shape[2], weight.shape[3]);

        // A kernel just as large as the picture is a matrix product, which is several times as fast.
        if (_padding is [0, 0] && x.shape[2] == height && x.shape[3] == width)
        {
            return functional.linear(x.flatten(1), weight.flatten(1), bias).unsqueeze(-1).unsqueeze(-1);
        }

        // A single tap with a stride only sees every second pixel: taking these first makes the backward pass up to twice as fast.
        return height == 1 && width == 1 && stride > 1
            ? functional.conv2d(x.slice(2, 0, x.shape[2], stride).slice(3, 0, x.shape[3], stride).contiguous(), weight, bias, Ones)
            : functional.conv2d(x, weight, bias, _strides, _padding, Ones);
    }
}
