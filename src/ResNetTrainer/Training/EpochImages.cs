using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Distributed;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>The images that an epoch trains on: all, or some of which each has a count of its own.</summary>
internal sealed class EpochImages
{
    private readonly Func<int, long, long, Share?, IEnumerable<ImageBatch>> _batches;
    private readonly float[]? _counts;

    /// <param name="images">All of which are trained on, and count alike.</param>
    public EpochImages(ImageDataset images) => (Count, _batches) = (images.Count, (size, seed, skip, share) =>
        images.Batches(size, seed, skip, share));

    /// <param name="images">Some of which are trained on.</param>
    /// <param name="numbers">The numbers of these.</param>
    /// <param name="counts">By the number of an image, how much it counts.</param>
    public EpochImages(InMemoryDataset images, int[] numbers, float[] counts) =>
        (Count, _counts, _batches) = (numbers.Length, counts, (size, seed, skip, _) => images.BatchesOf(numbers, size, seed, skip));

    public long Count { get; }

    /// <inheritdoc cref="ImageDataset.Batches"/>
    public IEnumerable<ImageBatch> Batches(int batchSize, long shuffle, long skip, Share? share) =>
        _batches(batchSize, shuffle, skip, share);

    /// <summary>How much each image of a batch counts; null where all count alike.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="weights">How much they would count if no image were left out.</param>
    public Tensor? Weigh(ImageBatch batch, Tensor? weights)
    {
        if (CountsOf(batch) is not { } counts)
        {
            return weights;
        }

        var sent = tensor(counts).Send(batch.Labels.device);
        return weights is null ? sent : weights * sent;
    }

    /// <summary>
    /// What gradients are taken of, given the mean loss of a batch: what counts for others too moves the network as much as these would
    /// have.
    /// </summary>
    public Tensor Rescale(ImageBatch batch, Tensor mean)
    {
        if (CountsOf(batch) is not { } counts)
        {
            return mean;
        }

        using Scalar factor = counts.Average();
        return mean.mul(factor);
    }

    private float[]? CountsOf(ImageBatch batch) => _counts is null ? null : [.. batch.Rows.Select(row => _counts[row])];
}
