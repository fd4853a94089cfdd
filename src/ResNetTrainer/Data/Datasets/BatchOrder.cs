using ResNetMLNet.Distributed;

namespace ResNetMLNet.Data.Datasets;

/// <summary>Which images make which batch.</summary>
internal static class BatchOrder
{
    /// <summary>The numbers of so many images in batches, as <see cref="ImageDataset.Batches"/> has them.</summary>
    public static IEnumerable<ArraySegment<int>> Of(int count, int batchSize, long? shuffle, long skip, Share? share) =>
        Of(Enumerable.Range(0, count), batchSize, shuffle, skip, share);

    /// <summary>The same of some images, in this order where they are not shuffled.</summary>
    public static IEnumerable<ArraySegment<int>> Of(
        IEnumerable<int> images, int batchSize, long? shuffle, long skip, Share? share)
    {
        var order = images.ToArray();
        var count = order.Length;
        if (shuffle is { } seed)
        {
            RandomStream.Create(seed).Shuffle(order);
        }

        for (var start = (int)Math.Min(skip * batchSize, count); start < count; start += batchSize)
        {
            var part = (share ?? Share.Whole).Of(Math.Min(batchSize, count - start));
            yield return new(order, start + part.Start, part.Count);
        }
    }
}
