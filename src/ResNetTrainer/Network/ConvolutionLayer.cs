using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Network;

/// <summary>A convolution and the batch normalisation behind it, where the plan has one.</summary>
internal sealed class ConvolutionLayer(ConvolutionPlan plan, Taps taps, IReadOnlyDictionary<string, NetworkTensor> tensors)
{
    // PyTorch's defaults.
    internal const double Epsilon = 1e-5;
    private const double Momentum = 0.1;

    private readonly Convolution _convolution = new(plan.Stride, taps);
    private readonly NetworkTensor _weight = tensors[plan.Weight];
    private readonly NetworkTensor? _bias = plan.HasBias ? tensors[plan.Bias] : null;
    private readonly NetworkTensor[] _normalisation = plan.Normalisation is null
        ? []
        : [.. plan.Tensors.Skip(1).Select(tensor => tensors[tensor.Name])];

    public Tensor Forward(Tensor x, bool training)
    {
        var y = _convolution.Forward(x, _weight.Compute, _bias?.Compute);
        return _normalisation is [var scale, var shift, var mean, var variance]
            ? functional.batch_norm(y, mean.Master, variance.Master, scale.Master, shift.Master, training, Momentum, Epsilon)
            : y;
    }
}
