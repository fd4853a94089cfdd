using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Network;

/// <summary>A convolution with the part of its kernel that meets the picture.</summary>
internal sealed class Convolution(int stride, Taps taps)
{
    private readonly long[] _strides = [stride, stride];
    private readonly long[] _padding = [taps.Vertical.Padding, taps.Horizontal.Padding];
    private readonly long[] _dilation = [1, 1];

    public Tensor Forward(Tensor x, Tensor weight, Tensor? bias)
    {
        // A kernel just as large as the picture is a matrix product, which is several times as fast.
        var whole = _padding is [0, 0] && x.shape[2] == weight.shape[2] && x.shape[3] == weight.shape[3];
        return whole
            ? functional.linear(x.flatten(1), weight.flatten(1), bias).unsqueeze(-1).unsqueeze(-1)
            : functional.conv2d(x, weight, bias, _strides, _padding, _dilation);
    }
}
