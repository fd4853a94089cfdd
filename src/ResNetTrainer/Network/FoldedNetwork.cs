using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Network;

/// <summary>
/// The network as it scores: each batch normalisation folded into the convolution before it, so that a layer is one
/// convolution with a bias. Thread-safe; owns its tensors.
/// </summary>
internal sealed class FoldedNetwork : IDisposable
{
    private readonly Convolution _stem;
    private readonly (Convolution[] Path, Convolution? Skip)[] _blocks;
    private readonly Tensor _linearWeight;
    private readonly Tensor _linearBias;

    public FoldedNetwork(NetworkPlan plan, NetworkWeights weights, Device device)
    {
        using var scope = NewDisposeScope();
        _stem = new(plan.Stem, weights, device);
        _blocks = [.. plan.Blocks.Select(block =>
            (block.Path.Select(convolution => new Convolution(convolution, weights, device)).ToArray(),
             block.Skip is null ? null : new Convolution(block.Skip, weights, device)))];
        _linearWeight = Own(weights["fc.weight"].ToArray(), [plan.Classes, plan.Features], device);
        _linearBias = Own(weights["fc.bias"].ToArray(), [plan.Classes], device);
    }

    /// <summary>Pictures (batch, channels, height, width) in float32 to logits (batch, classes).</summary>
    public Tensor Forward(Tensor pictures)
    {
        var x = functional.max_pool2d(_stem.Forward(pictures).relu_(), kernel_size: 3, stride: 2, padding: 1);
        foreach (var (path, skip) in _blocks)
        {
            var y = x;
            foreach (var convolution in path.AsSpan(0, path.Length - 1))
            {
                y = convolution.Forward(y).relu_();
            }

            x = path[^1].Forward(y).add_(skip is null ? x : skip.Forward(x)).relu_();
        }

        return functional.linear(functional.adaptive_avg_pool2d(x, 1).flatten(1), _linearWeight, _linearBias);
    }

    public void Dispose()
    {
        _stem.Dispose();
        foreach (var (path, skip) in _blocks)
        {
            Array.ForEach(path, convolution => convolution.Dispose());
            skip?.Dispose();
        }

        _linearWeight.Dispose();
        _linearBias.Dispose();
    }

    private static Tensor Own(float[] values, long[] shape, Device device) =>
        tensor(values, shape).to(device).DetachFromDisposeScope();

    private sealed class Convolution : IDisposable
    {
        private readonly long[] _strides;
        private readonly long[] _padding;
        private readonly Tensor _weight;
        private readonly Tensor _bias;

        public Convolution(ConvolutionPlan plan, NetworkWeights weights, Device device)
        {
            var (weight, bias) = Folding.Fold(plan, weights);
            _weight = Own(weight, [plan.Outputs, plan.Inputs, plan.Kernel, plan.Kernel], device);
            _bias = Own(bias, [plan.Outputs], device);
            _strides = [plan.Stride, plan.Stride];
            _padding = [plan.Padding, plan.Padding];
        }

        public Tensor Forward(Tensor x) => functional.conv2d(x, _weight, _bias, _strides, _padding);

        public void Dispose()
        {
            _weight.Dispose();
            _bias.Dispose();
        }
    }
}
