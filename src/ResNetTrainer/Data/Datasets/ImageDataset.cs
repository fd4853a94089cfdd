using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Reading;
using ResNetMLNet.Distributed;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;
using static TorchSharp.torch;

namespace ResNetMLNet.Data.Datasets;

/// <summary>The labelled images of a data view, for any number of passes.</summary>
internal abstract class ImageDataset : IDisposable
{
    protected ImageDataset(InputFormat format, Device device, DatasetStatistics statistics)
    {
        Format = format;
        Device = device;
        Statistics = statistics;
    }

    public InputFormat Format { get; }

    public Device Device { get; }

    /// <summary>What there is of each class.</summary>
    public DatasetStatistics Statistics { get; }

    public long Count => Statistics.Count;

    /// <summary>
    /// Where each pass reads the data view again: the bytes of images that are in memory, and shuffled, at a time. Null where all
    /// are.
    /// </summary>
    public abstract long? Window { get; }

    public bool IsStreamed => Window is not null;

    /// <summary>All images once, in batches.</summary>
    /// <param name="batchSize">Images a batch; the last has what remains.</param>
    /// <param name="shuffle">The seed of the order; null for the data's own.</param>
    /// <param name="skip">How many batches to leave out at the beginning.</param>
    /// <param name="share">The part of each batch that is wanted, which may have no image; null for the whole.</param>
    public abstract IEnumerable<ImageBatch> Batches(int batchSize, long? shuffle, long skip = 0, Share? share = null);

    /// <summary>Some of the images, from all over the data.</summary>
    /// <param name="count">How many, or all where there are fewer.</param>
    /// <param name="seed">Which, where all are in memory.</param>
    public virtual ImageBatch Sample(int count, long seed) => Batches(count, seed).First();

    public abstract void Dispose();

    /// <summary>
    /// Reads the images once and keeps them, as compactly as they came, when they fit the memory for them; else they will be
    /// read again in each pass. Rows without a label are left out.
    /// </summary>
    /// <param name="source">What to read.</param>
    /// <param name="device">Where batches are made.</param>
    /// <param name="memory">What the pixels may take; what they do take is taken off it.</param>
    /// <param name="recognisable">Whether to make a fingerprint of the data.</param>
    /// <param name="isShared">Whether several processes train on it, which are cancelled together.</param>
    /// <exception cref="InvalidOperationException">There are no rows, or none with a label, or an image cannot be used.</exception>
    public static ImageDataset Load(ExampleSource source, Device device, ImageMemory memory, bool recognisable, bool isShared = false)
    {
        using var statistics = new DatasetStatistics(source.Columns.Label.Classes, recognisable);
        var store = new ImageStore();
        try
        {
            if (ReadInto(store, source, memory, statistics))
            {
                store.MoveTo(device, memory.OnDevice);
                memory.Take(store.Size);
                return new InMemoryDataset(store, source.Format, device, statistics);
            }
        }
        catch
        {
            store.Dispose();
            throw;
        }

        store.Dispose();
        return new StreamingDataset(source with { StopsWhenCancelled = !isShared }, device, statistics, memory.TakeAll());
    }

    // Whether all images are in the store; the statistics are of all in any case.
    private static bool ReadInto(ImageStore store, ExampleSource source, ImageMemory memory, DatasetStatistics statistics)
    {
        using var rows = source.Read();
        var fits = true;
        while (rows.MoveNext())
        {
            source.OnRead?.Invoke(rows.Count);

            // Which images are left out must be known before the first pass, also where they do not fit.
            ReadOnlySpan<byte> pixels = [];
            try
            {
                if ((fits || source.Unreadable == UnreadableImages.Skip) && !rows.TryRead(out pixels))
                {
                    continue;
                }

                if (fits)
                {
                    rows.AddTo(store, pixels);
                    fits = store.Size <= memory.OnHost;
                }
            }
            catch (Exception e) when (fits && OutOfMemory.Explains(e, out _))
            {
                fits = false;
                memory.Limit(store.Size);
                store.Dispose();
                NativeHeap.Trim();
                using var channel = source.Host.OpenChannel("Data");
                channel.Warn(
                    $"Memory ran out after {rows.Count - 1} images: they are read again in each epoch, {memory.OnHost:N0} bytes at a time. "
                    + $"Set MemoryBudget = {memory.OnHost} to have it so from the start.");
            }

            rows.ReadsImages = fits || source.Unreadable == UnreadableImages.Skip;
            statistics.Add(rows.Label, rows.Weight, rows.Shape, pixels);
        }

        statistics.Pixels = rows.Pixels;
        statistics.Complete();
        Report(source, rows, statistics);
        Check(source, rows, statistics);
        return fits;
    }

    private static void Report(ExampleSource source, ExampleReader rows, DatasetStatistics statistics)
    {
        using var channel = source.Host.OpenChannel("Reading");
        var unlabelled = rows.Count - rows.LeftOut.Count - statistics.Count;
        if (unlabelled > 0)
        {
            channel.Warn(
                $"{unlabelled} of the {rows.Count} rows of the {source.Title} have no label in '{source.Columns.Label.Column.Name}' "
                + "and are left out: their labels are missing, or are not among the values that the column's key was made from");
        }

        foreach (var problem in rows.LeftOut)
        {
            channel.Warn($"left out: {problem}");
        }

        if (rows.LeftOut.Count > 0)
        {
            channel.Warn($"{rows.LeftOut.Count} of {rows.Count} images of the {source.Title} cannot be read and are left out");
        }
    }

    private static void Check(ExampleSource source, ExampleReader rows, DatasetStatistics statistics)
    {
        var (context, title) = (source.Host, source.Title);
        if (statistics.Count == 0 && rows.LeftOut.Count > 0)
        {
            throw context.Error($"None of the {rows.LeftOut.Count} images of the {title} can be read. The first: {rows.LeftOut[0]}");
        }

        if (statistics.Count == 0)
        {
            throw source.Columns.Label.NoLabels(source.Host, source.Data, source.Title);
        }

        if (statistics.Weights.All(weight => weight == 0))
        {
            throw context.Error($"The example weights of all rows of the {title} are 0: nothing counts. Check the column of weights.");
        }
    }
}
