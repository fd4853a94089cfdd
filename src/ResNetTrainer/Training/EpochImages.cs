using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Distributed;
using ResNetMLNet.Network;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>The images that an epoch trains on: all, or some of which each has a count of its own.</summary>
internal sealed class EpochImages
{
    private readonly Func<int, long?, long, Share?, IEnumerable<ImageBatch>> _batches;
    private readonly float[]? _counts;

    /// <param name="images">All of which are trained on, and count alike.</param>
    public EpochImages(ImageDataset images) => (Count, Stretch, _batches) = (images.Count, 1, images.Batches);

    /// <param name="images">Some of which are trained on.</param>
    /// <param name="numbers">The numbers of these.</param>
    /// <param name="counts">By the number of an image, how much it counts.</param>
    public EpochImages(InMemoryDataset images, int[] numbers, float[] counts)
    {
        (Count, Stretch) = (numbers.Length, (double)images.Count / numbers.Length);
        (_counts, _batches) = (counts, (size, seed, skip, share) => images.BatchesOf(numbers, size, seed, skip, share));
    }

    public long Count { get; }

    /// <summary>
    /// What a step's learning rate is multiplied by: the images there are for each that is trained on, so that fewer steps go as far.
    /// </summary>
    public double Stretch { get; }

    /// <inheritdoc cref="ImageDataset.Batches"/>
    public IEnumerable<ImageBatch> Batches(int batchSize, long shuffle, long skip, Share? share) =>
        _batches(batchSize, shuffle, skip, share);

    /// <summary>How much each image of a batch counts; null where all count alike.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="weights">How much they would count if no image were left out.</param>
    public Tensor? Weigh(ImageBatch batch, Tensor? weights)
    {
        if (_counts is null)
        {
            return weights;
        }

        var counts = tensor([.. batch.NumbersInOrder.Select(number => _counts[number])]).Send(batch.Labels.device);
        return weights is null ? counts : weights * counts;
    }
}
