using ResNetMLNet.Data;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training.Augmenting;

/// <summary>
/// The images of a batch mixed in pairs, the first with the last and so on, and with them what they show: an image that is two thirds a
/// coat and a third a dress is to be recognised as just that. Two images are blended (mixup; Zhang et al., 2017), or one has a rectangle
/// of the other (CutMix; Yun et al., 2019).
/// </summary>
/// <param name="Share">How much of each image is its own, from 0.5 to 1, and how much of the loss its own label's; 1 mixes nothing.</param>
/// <param name="Cut">The rectangle that shows one of the images, the smaller share or the larger; null where they are blended.</param>
internal readonly record struct Mixing(double Share, Rectangle? Cut = null)
{
    /// <summary>Among the purposes of random numbers.</summary>
    private const long Purpose = 4;

    /// <summary>What is done to one batch: all its images are mixed alike, in shares by Beta(1, 1), or none is.</summary>
    /// <param name="plan">How probable it is.</param>
    /// <param name="shape">The images' size, which a rectangle keeps to.</param>
    /// <param name="batchSeed">The seed of this batch in this epoch.</param>
    public static Mixing Draw(AugmentationPlan plan, ImageShape shape, long batchSeed)
    {
        if (!plan.Mixes)
        {
            return new(1);
        }

        var random = RandomStream.Create(RandomStream.Derive(batchSeed, Purpose, 0));
        var kind = random.NextDouble();
        return kind < plan.MixProbability ? new(0.5 + (random.NextDouble() / 2))
            : kind < plan.MixProbability + plan.CutProbability ? OfCut(Rectangle.Draw(random, shape), shape)
            : new(1);
    }

    /// <summary>The images of a batch, mixed.</summary>
    /// <param name="images">(batch, channels, height, width), floats.</param>
    public Tensor Apply(Tensor images)
    {
        if (Cut is not { } cut || Share == 1)
        {
            return Mean(images, () => images.flip(0));
        }

        // The larger share is each image's own, wherever it is.
        var (outside, inside) = (images, images.flip(0));
        if (cut.ShareOf(images.shape[2], images.shape[3]) > 0.5)
        {
            (outside, inside) = (inside, outside);
        }

        var mixed = outside.clone();
        cut.Of(mixed).copy_(cut.Of(inside));
        return mixed;
    }

    /// <summary>The (weighted) mean loss of a batch that was mixed, in nats.</summary>
    public Tensor Loss(Tensor logits, Tensor labels, Tensor? weights, double labelSmoothing) => Mean(
        Training.Loss.Mean(logits, labels, weights, labelSmoothing),
        () => Training.Loss.Mean(logits, labels.flip(0), weights?.flip(0), labelSmoothing));

    private static Mixing OfCut(Rectangle cut, ImageShape shape)
    {
        var share = cut.ShareOf(shape.Height, shape.Width);
        return new(Math.Max(share, 1 - share), cut);
    }

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
