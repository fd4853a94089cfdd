using ResNetMLNet.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training.Augmenting;

/// <summary>
/// The images of a batch mixed in pairs, the first with the last and so on, and with them what they show (Zhang et al., 2017): an image
/// that is two thirds a coat and a third a dress is to be recognised as just that.
/// </summary>
/// <param name="Share">How much of each image is its own, from 0.5 to 1, and how much of the loss its own label's; 1 mixes nothing.</param>
internal readonly record struct Mixup(double Share)
{
    /// <summary>Among the purposes of random numbers.</summary>
    private const long Purpose = 4;

    /// <summary>What is done to one batch: all its images are mixed alike, in shares by Beta(1, 1), or none is.</summary>
    public static Mixup Draw(AugmentationPlan plan, long batchSeed)
    {
        if (plan.MixProbability == 0)
        {
            return new(1);
        }

        var random = RandomStream.Create(RandomStream.Derive(batchSeed, Purpose, 0));
        return new(random.NextDouble() < plan.MixProbability ? 0.5 + (random.NextDouble() / 2) : 1);
    }

    /// <summary>The images of a batch, mixed.</summary>
    /// <param name="images">(batch, channels, height, width), floats.</param>
    public Tensor Apply(Tensor images) => Mean(images, () => images.flip(0));

    /// <summary>The (weighted) mean loss of a batch that was mixed, in nats.</summary>
    public Tensor Loss(Tensor logits, Tensor labels, Tensor? weights, double labelSmoothing) => Mean(
        Training.Loss.Mean(logits, labels, weights, labelSmoothing),
        () => Training.Loss.Mean(logits, labels.flip(0), weights?.flip(0), labelSmoothing));

    private Tensor Mean(Tensor own, Func<Tensor> other)
    {
        if (Share == 1)
        {
            return own;
        }

        using Scalar share = Share, rest = 1 - Share;
        return own.mul(share).add_(other(), rest);
    }
}
