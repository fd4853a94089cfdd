using ResNetMLNet.Distributed;
using static TorchSharp.torch;

namespace ResNetMLNet.Data;

/// <summary>Images that stay in memory.</summary>
internal sealed class InMemoryDataset(ImageStore store, InputFormat format, Device device, DatasetStatistics statistics)
    : ImageDataset(format, device, statistics)
{
    public override long? Window => null;

    public override IEnumerable<ImageBatch> Batches(int batchSize, long? shuffle, long skip = 0, Share? share = null) =>
        Batches(store, batchSize, shuffle, skip, share, Device);

    public override void Dispose() => store.Dispose();

    /// <summary>The numbers of so many images, in the order of a seed or in their own.</summary>
    internal static int[] Order(int count, long? shuffle)
    {
        var order = Enumerable.Range(0, count).ToArray();
        if (shuffle is { } seed)
        {
            RandomStream.Create(seed).Shuffle(order);
        }

        return order;
    }

    /// <summary>All images of a store in batches, without the first few.</summary>
    internal static IEnumerable<ImageBatch> Batches(
        ImageStore store, int batchSize, long? shuffle, long skip, Share? share, Device device)
    {
        var order = Order(store.Count, shuffle);
        for (var start = (int)Math.Min(skip * batchSize, order.Length); start < order.Length; start += batchSize)
        {
            var part = (share ?? Share.Whole).Of(Math.Min(batchSize, order.Length - start));
            yield return store.Gather(order.AsSpan(start + part.Start, part.Count), device);
        }
    }
}
