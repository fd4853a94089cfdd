using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Distributed;
using static TorchSharp.torch;

namespace ResNetMLNet.Data;

/// <summary>
/// Images that are read again in each pass, because they do not fit the budget. A window of them is in memory at a
/// time and is shuffled; where the data view can shuffle by itself, it does so too.
/// </summary>
internal sealed class StreamingDataset(ExampleSource source, Device device, DatasetStatistics statistics, long budget)
    : ImageDataset(source.Format, device, statistics)
{
    public override long? Window => budget;

    public override IEnumerable<ImageBatch> Batches(int batchSize, long? shuffle, long skip = 0, Share? share = null) =>
        Prefetch.Of(Read(batchSize, shuffle, skip, share));

    public override void Dispose()
    {
    }

    private IEnumerable<ImageBatch> Read(int batchSize, long? shuffle, long skip, Share? share)
    {
        var random = shuffle is { } seed && source.Data.CanShuffle ? RandomStream.Create(seed) : null;
        using var rows = source.Read(random);
        using var window = new ImageStore();
        for (var part = 0; ; part++)
        {
            var more = Fill(window, rows, batchSize);
            long? order = shuffle is { } s ? RandomStream.Derive(s, part) : null;
            foreach (var batch in InMemoryDataset.Batches(window, batchSize, order, skip, share, Device))
            {
                yield return batch;
            }

            skip = Math.Max(0, skip - ((window.Count + batchSize - 1) / batchSize));
            if (!more)
            {
                yield break;
            }

            window.Clear();
        }
    }

    // A multiple of the batch size, so that only the last batch of all is smaller.
    private bool Fill(ImageStore window, ExampleReader rows, int batchSize)
    {
        while (window.Count == 0 || window.Count % batchSize != 0 || window.Size < budget)
        {
            if (!rows.MoveNext())
            {
                return false;
            }

            if (rows.TryRead(out var pixels))
            {
                rows.AddTo(window, pixels);
            }
        }

        return true;
    }
}
