using ResNetMLNet.Network;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>Sums of loss and hits that stay on the device until they are read: a step never waits for them.</summary>
internal sealed class MetricAccumulator : IDisposable
{
    private readonly Tensor _sums;

    public MetricAccumulator(Device device) => _sums = zeros([MetricSums.Length], ScalarType.Float64, device).DetachFromDisposeScope();

    /// <summary>The sums themselves.</summary>
    public MetricSums Sums
    {
        get => MetricSums.Of(_sums);

        set
        {
            using var scope = NewDisposeScope();
            _sums.copy_(tensor(value.ToArray()));
        }
    }

    /// <summary>Adds a batch, without waiting for it.</summary>
    /// <inheritdoc cref="MetricSums.Of(Tensor, Tensor, Tensor, Tensor?)" path="/param"/>
    public void Add(Tensor meanLoss, Tensor logits, Tensor labels, Tensor? weights)
    {
        using var scope = NewDisposeScope();
        _sums.add_(MetricSums.Of(meanLoss, logits, labels, weights), Tensors.One);
    }

    public void Add(MetricSums sums)
    {
        using var scope = NewDisposeScope();
        _sums.add_(tensor(sums.ToArray()).to(_sums.device), Tensors.One);
    }

    public void Clear()
    {
        // What comes back is another handle of the same tensor.
        using var scope = NewDisposeScope();
        _sums.zero_();
    }

    public void Dispose() => _sums.Dispose();
}
