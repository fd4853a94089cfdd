using ResNetMLNet.Data.Reading;
using ResNetMLNet.Distributed;
using static TorchSharp.torch;

namespace ResNetMLNet.Data.Datasets;

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

    // At equal distances, so that no more is read than is wanted.
    public override ImageBatch Sample(int count, long seed)
    {
        var apart = Math.Max(1, Count / count);
        using var rows = source.Read(isWanted: number => number % apart == 0);
        using var sample = new ImageStore();
        while (sample.Count < count && rows.MoveNext())
        {
            if (rows.TryRead(out var pixels))
            {
                rows.AddTo(sample, pixels);
            }
        }

        return sample.Gather([.. Enumerable.Range(0, sample.Count)], Device);
    }

    public override void Dispose()
    {
    }

    private IEnumerable<ImageBatch> Read(int batchSize, long? shuffle, long skip, Share? share)
    {
        var random = shuffle is { } seed && source.Data.CanShuffle ? RandomStream.Create(seed) : null;

        // Where some images are left out, nobody knows which before all have been read.
        var own = share ?? Share.Whole;
        var (read, taken) = source.Unreadable == UnreadableImages.Skip ? (Share.Whole, own) : (own, Share.Whole);
        var size = Math.Max(1, read.Of(batchSize).Count);
        using var rows = source.Read(random, read == Share.Whole ? null : number => IsIn(read, number, batchSize));
        using var window = new ImageStore();
        var (left, missing) = ((Count + batchSize - 1) / batchSize, Expected(read, batchSize));
        for (var number = 0; left > 0; number++)
        {
            Fill(window, rows, size);
            Statistics.Pixels = Statistics.Pixels.With(rows.Pixels);
            missing -= window.Count;
            if (missing < 0)
            {
                throw source.More(Count);
            }

            if (rows.HasEnded && missing > 0)
            {
                throw source.Fewer(missing, Count, rows.LeftOut);
            }

            long? order = shuffle is { } s ? RandomStream.Derive(s, number) : null;
            foreach (var images in BatchOrder.Of(window.Count, size, order, skip, taken))
            {
                yield return window.Gather(images, Device);
            }

            var batches = (window.Count + size - 1) / size;
            left -= batches;
            if (batches == 0)
            {
                // Of the rest, the last batch in general, this process has none.
                while (read != Share.Whole && left-- > skip)
                {
                    yield return window.Gather([], Device);
                }

                yield break;
            }

            skip = Math.Max(0, skip - batches);
            window.Clear();
        }

        while (!rows.HasEnded && rows.MoveNext())
        {
            // What cannot be read was left out before, too.
            if (source.Unreadable != UnreadableImages.Skip || rows.TryRead(out _))
            {
                throw source.More(Count);
            }
        }
    }

    // How many images of a pass are read here.
    private long Expected(Share share, int batchSize)
    {
        var (whole, rest) = Math.DivRem(Count, batchSize);
        return (whole * share.Of(batchSize).Count) + share.Of((int)rest).Count;
    }

    private bool IsIn(Share share, long row, int batchSize)
    {
        if (row >= Count)
        {
            // It has come later: for all of them to see.
            return true;
        }

        var (batch, place) = Math.DivRem(row, batchSize);
        var (start, count) = share.Of((int)Math.Min(batchSize, Count - (batch * batchSize)));
        return place >= start && place < start + count;
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
