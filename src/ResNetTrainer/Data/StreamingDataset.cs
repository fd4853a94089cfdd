using ResNetMLNet.Distributed;
using static TorchSharp.torch;

namespace ResNetMLNet.Data;

/// <summary>
/// Images that are read again in each pass, because they do not fit the budget. A window of them is in memory at a
/// time and is shuffled; where the data view can shuffle by itself, it does so too. Of several processes each reads its share of every
/// batch, and shuffles that.
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
        var own = OwnRows(batchSize, share);
        using var rows = source.Read(random, own);

        // Where others' rows are passed over, what is left is all this process's.
        var (size, part) = own is null ? (batchSize, share) : (share!.Value.Of(batchSize).Count, null);
        using var window = new ImageStore();
        var left = (Count + batchSize - 1) / batchSize;
        for (var number = 0; left > 0; number++)
        {
            Fill(window, rows, size);
            long? order = shuffle is { } s ? RandomStream.Derive(s, number) : null;
            foreach (var images in BatchOrder.Of(window.Count, size, order, skip, part))
            {
                yield return window.Gather(images, Device);
            }

            var batches = (window.Count + size - 1) / size;
            left -= batches;
            if (batches == 0)
            {
                // The last batch has none for this process.
                if (own is not null && skip == 0)
                {
                    yield return window.Gather([], Device);
                }

                yield break;
            }

            skip = Math.Max(0, skip - batches);
            window.Clear();
        }
    }

    // Null where all are read: alone, or where some are left out, and nobody knows which before they have been read.
    private Func<long, bool>? OwnRows(int batchSize, Share? share)
    {
        if (share is not { Size: > 1 } own || source.Unreadable == UnreadableImages.Skip)
        {
            return null;
        }

        return number =>
        {
            var (batch, place) = Math.DivRem(number, batchSize);
            var (start, count) = own.Of((int)Math.Min(batchSize, Count - (batch * batchSize)));
            return place >= start && place < start + count;
        };
    }

    // A multiple of the batch size, so that only the last batch of all is smaller.
    private void Fill(ImageStore window, ExampleReader rows, int batchSize)
    {
        while (window.Count == 0 || window.Count % batchSize != 0 || window.Size < budget)
        {
            if (!rows.MoveNext())
            {
                return;
            }

            if (rows.TryRead(out var pixels))
            {
                rows.AddTo(window, pixels);
            }
        }
    }
}
