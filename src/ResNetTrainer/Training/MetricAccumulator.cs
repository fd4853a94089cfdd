using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>Sums of loss and hits that stay on the device until they are read: a step never waits for them.</summary>
internal sealed class MetricAccumulator : IDisposable
{
    private readonly Tensor _sums;

    public MetricAccumulator(Device device) => _sums = zeros([3], ScalarType.Float64, device).DetachFromDisposeScope();

    /// <param name="meanLoss">The (weighted) mean loss of a batch.</param>
    /// <param name="logits">(batch, classes).</param>
    /// <param name="labels">The classes.</param>
    /// <param name="weights">How much each image counts; null for all alike.</param>
    public void Add(Tensor meanLoss, Tensor logits, Tensor labels, Tensor? weights = null)
    {
        using var scope = NewDisposeScope();
        _sums.add_(SumsOf(meanLoss, logits, labels, weights), Tensors.One);
    }

    /// <summary>Adds the sums of a batch: of losses, of hits, of weights.</summary>
    public void Add(double[] sums)
    {
        using var scope = NewDisposeScope();
        _sums.add_(tensor(sums).to(_sums.device), Tensors.One);
    }

    /// <summary>The sums of a batch: of losses, of hits, of weights.</summary>
    public static Tensor SumsOf(Tensor meanLoss, Tensor logits, Tensor labels, Tensor? weights)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using Scalar images = labels.shape[0];
        var hits = logits.argmax(1).eq(labels).to_type(ScalarType.Float64);
        var count = weights is null
            ? full([], images, ScalarType.Float64, labels.device)
            : weights.to_type(ScalarType.Float64).sum();
        var hit = weights is null ? hits.sum() : (hits * weights).sum();
        return stack([meanLoss.detach().to_type(ScalarType.Float64) * count, hit, count]).MoveToOuterDisposeScope();
    }

    public (double MeanLoss, double Accuracy) Read() => Sums is [var loss, var hits, var count] ? (loss / count, hits / count) : default;

    /// <summary>The sums themselves, for a checkpoint: of losses, of hits, of weights.</summary>
    public double[] Sums
    {
        get
        {
            using var scope = NewDisposeScope();
            return _sums.cpu().data<double>().ToArray();
        }

        set
        {
            using var scope = NewDisposeScope();
            _sums.copy_(tensor(value));
        }
    }

    public void Clear()
    {
        // What comes back is another handle of the same tensor.
        using var scope = NewDisposeScope();
        _sums.zero_();
    }

    public void Dispose() => _sums.Dispose();
}
