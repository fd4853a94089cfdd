using ResNetMLNet.Data.Datasets;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Training;

/// <summary>Cross-entropy, each image weighted by its own weight and by its class's where there are such.</summary>
internal sealed class Loss : IDisposable
{
    private readonly bool _hasExampleWeights;
    private readonly Tensor? _classWeights;

    /// <param name="hasExampleWeights">Whether the batches' weights are of interest.</param>
    /// <param name="classWeights">The weight of each class; null for equal ones.</param>
    /// <param name="device">Where the batches are.</param>
    public Loss(bool hasExampleWeights, double[]? classWeights, Device device)
    {
        _hasExampleWeights = hasExampleWeights;
        _classWeights = classWeights is null ? null
            : tensor(classWeights, dtype: ScalarType.Float32).clone().to(device).DetachFromDisposeScope();
    }

    /// <summary>Whether images count differently.</summary>
    public bool IsWeighted => _hasExampleWeights || _classWeights is not null;

    /// <summary>The weights of a training set's classes; null where they count alike.</summary>
    public static double[]? OfClasses(DatasetStatistics statistics, ClassWeights weights)
    {
        var (present, sum) = (statistics.Weights.Count(weight => weight > 0), statistics.Weights.Sum());
        return weights == ClassWeights.Equal
            ? null
            : [.. statistics.Weights.Select(weight => weight > 0 ? sum / (present * weight) : 0)];
    }

    /// <summary>How much each image of a batch counts; null where all count alike.</summary>
    public Tensor? ExampleWeights(ImageBatch batch) =>
        _classWeights?.index_select(0, batch.Labels) is { } ofClass
            ? _hasExampleWeights ? ofClass.mul_(batch.Weights) : ofClass
            : _hasExampleWeights ? batch.Weights : null;

    /// <summary>The (weighted) mean over the batch, in nats.</summary>
    public static Tensor Mean(Tensor logits, Tensor labels, Tensor? weights, double labelSmoothing = 0)
    {
        if (weights is null)
        {
            return functional.cross_entropy(logits, labels, label_smoothing: labelSmoothing);
        }

        // A batch in which nothing counts has the loss 0, and no gradient.
        var each = functional.cross_entropy(logits, labels, reduction: Reduction.None, label_smoothing: labelSmoothing);
        using Scalar least = 1e-30;
        return (each * weights).sum() / weights.sum().clamp_min(least);
    }

    public void Dispose() => _classWeights?.Dispose();
}
