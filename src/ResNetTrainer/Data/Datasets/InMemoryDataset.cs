using ResNetMLNet.Distributed;
using static TorchSharp.torch;

namespace ResNetMLNet.Data.Datasets;

/// <summary>Images that stay in memory.</summary>
internal sealed class InMemoryDataset(ImageStore store, InputFormat format, Device device, DatasetStatistics statistics)
    : ImageDataset(format, device, statistics)
{
    public override long? Window => null;

    public override IEnumerable<ImageBatch> Batches(int batchSize, long? shuffle, long skip = 0, Share? share = null) =>
        BatchesOf(Enumerable.Range(0, store.Count), batchSize, shuffle, skip, share);

    /// <summary>Some of the images once, in batches.</summary>
    /// <param name="numbers">Their numbers in the data.</param>
    /// <param name="batchSize">Images a batch; the last has what remains.</param>
    /// <param name="shuffle">The seed of the order; null for that of the numbers.</param>
    /// <param name="skip">How many batches to leave out at the beginning.</param>
    /// <param name="share">The part of each batch that is wanted, which may have no image; null for the whole.</param>
    public IEnumerable<ImageBatch> BatchesOf(IEnumerable<int> numbers, int batchSize, long? shuffle, long skip, Share? share) =>
        BatchOrder.Of(numbers, batchSize, shuffle, skip, share).Select(rows => store.Gather(rows, Device));

    public override void Dispose() => store.Dispose();
}
