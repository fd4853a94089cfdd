using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Hosting;
using static TorchSharp.torch;

namespace ResNetMLNet.Data;

/// <summary>The labelled pictures of a data view, for any number of passes.</summary>
internal abstract class PictureSet : IDisposable
{
    protected PictureSet(InputFormat format, Device device, long[] classCounts)
    {
        Format = format;
        Device = device;
        ClassCounts = classCounts;
    }

    public InputFormat Format { get; }

    public Device Device { get; }

    /// <summary>The number of pictures of each class.</summary>
    public long[] ClassCounts { get; }

    public long Count => ClassCounts.Sum();

    /// <summary>Whether each pass reads the data view again.</summary>
    public abstract bool IsStreamed { get; }

    /// <summary>All pictures once, in batches.</summary>
    /// <param name="batchSize">Pictures a batch; the last has what remains.</param>
    /// <param name="shuffle">The seed of the order; null for the data's own.</param>
    public abstract IEnumerable<PictureBatch> Batches(int batchSize, long? shuffle);

    public abstract void Dispose();

    /// <summary>
    /// Reads the pictures once and keeps them, as compactly as they came, when they fit the budget; else they will be
    /// read again in each pass. Rows without a label are left out.
    /// </summary>
    /// <exception cref="InvalidOperationException">There are no rows, or none with a label, or a picture cannot be used.</exception>
    public static PictureSet Load(
        IHost host, IDataView data, FeatureColumn feature, LabelColumn label, InputFormat format, Device device, long budget)
    {
        using var cursor = data.GetRowCursor([feature.Column, label.Column]);
        var pixels = feature.CreateReader(host, cursor, format);
        var labels = label.CreateReader(cursor);
        var counts = new long[label.Classes];
        var store = new PictureStore(data.GetRowCount());
        try
        {
            var rows = 0L;
            var fits = true;
            while (cursor.MoveNext())
            {
                host.ThrowIfCancelled();
                rows++;
                var index = labels();
                if (index < 0)
                {
                    continue;
                }

                counts[index]++;
                if (fits)
                {
                    store.Add(pixels, index);
                    fits = store.Size <= budget;
                }
            }

            Check(host, label, rows, counts);
            if (fits)
            {
                store.MoveTo(device);
                return new KeptPictures(store, format, device, counts);
            }
        }
        catch
        {
            store.Dispose();
            throw;
        }

        store.Dispose();
        return new StreamedPictures(host, data, feature, label, format, device, counts, budget);
    }

    private static void Check(IExceptionContext context, LabelColumn label, long rows, long[] counts)
    {
        if (rows == 0)
        {
            throw context.Error("The data has no rows. Check the path or the filters that it comes from.");
        }

        if (counts.All(count => count == 0))
        {
            throw context.Error(
                $"The label column '{label.Column.Name}' is missing in all {rows} rows. Check that the labels are the values that its key was made from.");
        }
    }
}
