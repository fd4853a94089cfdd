using ResNetMLNet.Distributed;
using static TorchSharp.torch;

namespace ResNetMLNet.Data.Datasets;

/// <summary>Images that stay in memory.</summary>
internal sealed class InMemoryDataset(ImageStore store, InputFormat format, Device device, DatasetStatistics statistics)
    : ImageDataset(format, device, statistics)
{
    public override long? Window => null;

    public override IEnumerable<ImageBatch> Batches(int batchSize, long? shuffle, long skip = 0, Share? share = null) =>
        BatchOrder.Of(store.Count, batchSize, shuffle, skip, share).Select(rows => store.Gather(rows, Device));

    public override void Dispose() => store.Dispose();
}
