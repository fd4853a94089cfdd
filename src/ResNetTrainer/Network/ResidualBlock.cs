using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Network;

/// <summary>Convolutions on the path, the input or its 1x1 convolution on the skip path, the sum of both, ReLU.</summary>
internal sealed class ResidualBlock(
    BlockPlan plan, IReadOnlyDictionary<ConvolutionPlan, Taps> taps, IReadOnlyDictionary<string, NetworkTensor> tensors)
{
    private readonly ConvolutionLayer[] _path = [.. plan.Path.Select(convolution => new ConvolutionLayer(convolution, taps[convolution], tensors))];
    private readonly ConvolutionLayer? _skip = plan.Skip is null ? null : new(plan.Skip, taps[plan.Skip], tensors);

    public Tensor Forward(Tensor x, bool training)
    {
        using var scope = NewDisposeScope();
        var y = x;
        foreach (var layer in _path.AsSpan(0, _path.Length - 1))
        {
            y = layer.Forward(y, training).relu_();
        }

        y = _path[^1].Forward(y, training);
        return y.add_(_skip is null ? x : _skip.Forward(x, training)).relu_().MoveToOuterDisposeScope();
    }
}
