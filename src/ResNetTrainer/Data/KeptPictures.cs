using ResNetMLNet.Hosting;
using static TorchSharp.torch;

namespace ResNetMLNet.Data;

/// <summary>Pictures that stay in memory.</summary>
internal sealed class KeptPictures(PictureStore store, InputFormat format, Device device, long[] classCounts)
    : PictureSet(format, device, classCounts)
{
    public override bool IsStreamed => false;

    public override IEnumerable<PictureBatch> Batches(int batchSize, long? shuffle) => Batches(store, batchSize, shuffle, Device);

    public override void Dispose() => store.Dispose();

    /// <summary>All pictures of a store in batches.</summary>
    internal static IEnumerable<PictureBatch> Batches(PictureStore store, int batchSize, long? shuffle, Device device)
    {
        var order = Enumerable.Range(0, store.Count).ToArray();
        if (shuffle is { } seed)
        {
            RandomStream.Create(seed).Shuffle(order);
        }

        for (var start = 0; start < order.Length; start += batchSize)
        {
            yield return store.Gather(order.AsSpan(start, Math.Min(batchSize, order.Length - start)), device);
        }
    }
}
