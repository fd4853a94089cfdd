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
    private readonly FoldedConvolution _stem;
    private readonly (FoldedConvolution[] Path, FoldedConvolution? Skip)[] _blocks;
    private readonly Tensor _linearWeight;
    private readonly Tensor _linearBias;

    public FoldedNetwork(NetworkPlan plan, int height, int width, NetworkWeights weights, Device device)
    {
        using var scope = NewDisposeScope();
        var taps = Taps.Of(plan, height, width);
        FoldedConvolution Fold(ConvolutionPlan convolution) => new(convolution, taps[convolution], weights, device);
        _stem = Fold(plan.Stem);
        _blocks = [.. plan.Blocks.Select(block =>
            (block.Path.Select(Fold).ToArray(), block.Skip is null ? null : Fold(block.Skip)))];
        _linearWeight = Own(weights["fc.weight"].ToArray(), [plan.Classes, plan.Features], device);
        _linearBias = Own(weights["fc.bias"].ToArray(), [plan.Classes], device);
    }

    /// <summary>Pictures (batch, channels, height, width) in float32 to logits (batch, classes).</summary>
    public Tensor Forward(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var x = functional.max_pool2d(_stem.Forward(pictures).relu_(), kernel_size: 3, stride: 2, padding: 1);
        foreach (var block in _blocks)
        {
            using var input = x;
            x = Forward(block.Path, block.Skip, input);
        }

        return functional.linear(functional.adaptive_avg_pool2d(x, 1).flatten(1), _linearWeight, _linearBias).MoveToOuterDisposeScope();
    }

    private static Tensor Forward(FoldedConvolution[] path, FoldedConvolution? skip, Tensor x)
    {
        using var scope = NewDisposeScope();
        var y = x;
        foreach (var convolution in path.AsSpan(0, path.Length - 1))
        {
            y = convolution.Forward(y).relu_();
        }

        return path[^1].Forward(y).add_(skip is null ? x : skip.Forward(x)).relu_().MoveToOuterDisposeScope();
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
        TensorCopy.Of(values, shape, device).DetachFromDisposeScope();

    private sealed class FoldedConvolution : IDisposable
    {
        private readonly Convolution _convolution;
        private readonly Tensor _weight;
        private readonly Tensor _bias;

        public FoldedConvolution(ConvolutionPlan plan, Taps taps, NetworkWeights weights, Device device)
        {
            var (weight, bias) = Folding.Fold(plan, weights);
            var whole = TensorCopy.Of(weight, [plan.Outputs, plan.Inputs, plan.Kernel, plan.Kernel], device);
            _weight = taps.Of(whole).contiguous().DetachFromDisposeScope();
            _bias = Own(bias, [plan.Outputs], device);
            _convolution = new(plan.Stride, taps);
        }

        public Tensor Forward(Tensor x) => _convolution.Forward(x, _weight, _bias);

        public void Dispose()
        {
            _weight.Dispose();
            _bias.Dispose();
        }
    }
}
