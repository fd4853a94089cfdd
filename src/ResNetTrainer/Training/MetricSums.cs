using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>What loss and accuracy of some images are made of.</summary>
/// <param name="Loss">The sum of their losses, each as much as the image counts.</param>
/// <param name="Hits">How much those count whose class was the likeliest.</param>
/// <param name="Weight">How much all of them count.</param>
internal readonly record struct MetricSums(double Loss, double Hits, double Weight)
{
    /// <summary>How many numbers these are.</summary>
    public const int Length = 3;

    /// <summary>The mean loss; not a number where nothing counts.</summary>
    public double MeanLoss => Loss / Weight;

    /// <summary>The share of hits; not a number where nothing counts.</summary>
    public double Accuracy => Hits / Weight;

    /// <summary>Those of a batch, where it is computed: (3).</summary>
    /// <param name="meanLoss">Its (weighted) mean loss.</param>
    /// <param name="logits">(batch, classes).</param>
    /// <param name="labels">The classes.</param>
    /// <param name="weights">How much each image counts; null for all alike.</param>
    public static Tensor Of(Tensor meanLoss, Tensor logits, Tensor labels, Tensor? weights)
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

    public static MetricSums Of(Tensor sums)
    {
        using var scope = NewDisposeScope();
        return Of(sums.cpu().data<double>().ToArray());
    }

    public static MetricSums Of(double[] sums) => new(sums[0], sums[1], sums[2]);

    public double[] ToArray() => [Loss, Hits, Weight];
}
