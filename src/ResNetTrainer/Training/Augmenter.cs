using ResNetMLNet.Data;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>When images are changed: everything that their random numbers are derived from.</summary>
/// <param name="BatchSeed">The seed of this batch in this epoch.</param>
/// <param name="TrainingSeed">The seed of what an image keeps from epoch to epoch.</param>
/// <param name="Epoch">Epochs done.</param>
internal readonly record struct AugmentationMoment(long BatchSeed, long TrainingSeed = 0, int Epoch = 0);

/// <summary>Random changes to raw images, the whole batch at once on its device; each image has its own.</summary>
internal static class Augmenter
{
    /// <param name="images">(batch, channels, height, width), bytes or floats.</param>
    /// <param name="numbers">The number of each image in the data, by which it is known again in the next epoch.</param>
    /// <param name="plan">What is done.</param>
    /// <param name="format">What the network sees: only crops look at it, and have its size.</param>
    /// <param name="moment">When.</param>
    public static Tensor Apply(
        Tensor images, IReadOnlyList<int>? numbers, AugmentationPlan plan, InputFormat format, AugmentationMoment moment)
    {
        if (plan.SmallestCrop is { } smallest)
        {
            // A batch may have several parts, of images of different sizes: each has random numbers of its own.
            var seed = RandomStream.Derive(moment.BatchSeed, RandomCrops.Purpose, numbers?[0] ?? 0);
            images = RandomCrops.Apply(images, format, smallest, seed);
        }

        if (!plan.MovesPixels)
        {
            return images;
        }

        var changes = PixelChanges.Draw((int)images.shape[0], (int)images.shape[2], (int)images.shape[3], plan, moment.BatchSeed);
        if (plan.Flip == FlipKind.Alternating)
        {
            changes.Alternate(numbers, moment);
        }

        return changes.Apply(images, plan.ErasesWithNoise ? moment.BatchSeed : null);
    }

    /// <summary>What is allowed, in its usual numbers; without crops.</summary>
    public static Tensor Apply(Tensor images, Augmentation allowed, long seed) => Apply(
        images, null, AugmentationPlan.Of(allowed & ~Augmentation.RandomResizedCrop), new(default, false, default), new(seed));
}
