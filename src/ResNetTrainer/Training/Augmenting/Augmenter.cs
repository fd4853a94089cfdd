using ResNetMLNet.Data;
using static TorchSharp.torch;

namespace ResNetMLNet.Training.Augmenting;

/// <summary>When images are changed: everything that their random numbers are derived from.</summary>
/// <param name="BatchSeed">The seed of this batch in this epoch.</param>
/// <param name="TrainingSeed">The seed of what an image keeps from epoch to epoch.</param>
/// <param name="Epoch">Epochs done.</param>
/// <param name="Part">Which part of the batch it is: images of different sizes are in parts of their own.</param>
internal readonly record struct AugmentationMoment(long BatchSeed, long TrainingSeed = 0, int Epoch = 0, int Part = 0);

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
        // Each part has random numbers of its own.
        long SeedOf(long purpose) => RandomStream.Derive(moment.BatchSeed, purpose, numbers?[0] ?? 0);
        if (plan.Resamples)
        {
            images = RandomAffine.Apply(images, format, plan, SeedOf(RandomAffine.Purpose));
        }

        if (plan.Jitter > 0)
        {
            images = ColorJitter.Apply(images, plan.Jitter, SeedOf(ColorJitter.Purpose));
        }

        if (!plan.MovesPixels)
        {
            return images;
        }

        // Here too; the first keeps those that a batch of one part has always had.
        var seed = moment.Part == 0 ? moment.BatchSeed : RandomStream.Derive(moment.BatchSeed, PixelChanges.Purpose, moment.Part);
        var changes = PixelChanges.Draw((int)images.shape[0], (int)images.shape[2], (int)images.shape[3], plan, seed);
        if (plan.Flip == FlipKind.Alternating)
        {
            changes.Alternate(numbers, moment);
        }

        return changes.Apply(images, plan.ErasesWithNoise ? seed : null);
    }

    /// <summary>What is allowed, in its usual numbers; without crops and rotations, and without mixing.</summary>
    public static Tensor Apply(Tensor images, Augmentation allowed, long seed)
    {
        var plan = AugmentationPlan.Of(allowed & ~(Augmentation.RandomResizedCrop | Augmentation.Rotation));
        return Apply(images, null, plan, new(default, false, default), new(seed));
    }
}
