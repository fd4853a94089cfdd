using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Hosting;
using static TorchSharp.torch;

namespace ResNetMLNet.Data;

/// <summary>The labelled pictures of a data view, for any number of passes.</summary>
internal abstract class PictureSet : IDisposable
{
    protected PictureSet(InputFormat format, Device device, PictureCensus census)
    {
        Format = format;
        Device = device;
        Census = census;
    }

    public InputFormat Format { get; }

    public Device Device { get; }

    /// <summary>What there is of each class.</summary>
    public PictureCensus Census { get; }

    public long Count => Census.Count;

    /// <summary>Where each pass reads the data view again: the bytes of pictures that are in memory, and shuffled, at a time. Null where all are.</summary>
    public abstract long? Window { get; }

    public bool IsStreamed => Window is not null;

    /// <summary>All pictures once, in batches.</summary>
    /// <param name="batchSize">Pictures a batch; the last has what remains.</param>
    /// <param name="shuffle">The seed of the order; null for the data's own.</param>
    /// <param name="skip">How many batches to leave out at the beginning.</param>
    public abstract IEnumerable<PictureBatch> Batches(int batchSize, long? shuffle, long skip = 0);

    public abstract void Dispose();

    /// <summary>
    /// Reads the pictures once and keeps them, as compactly as they came, when they fit the budget; else they will be
    /// read again in each pass. Rows without a label are left out.
    /// </summary>
    /// <param name="host">The trainer.</param>
    /// <param name="data">The data view.</param>
    /// <param name="columns">Its columns of pictures, labels and weights.</param>
    /// <param name="format">What the network sees.</param>
    /// <param name="device">Where the pictures are kept and batches are made.</param>
    /// <param name="budget">The bytes that the pixels may take.</param>
    /// <param name="recognisable">Whether to make a fingerprint of the data.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="InvalidOperationException">There are no rows, or none with a label, or a picture cannot be used.</exception>
    public static PictureSet Load(
        IHost host, IDataView data, PictureColumns columns, InputFormat format, Device device, long budget, bool recognisable, CancellationToken cancellation)
    {
        using var rows = columns.Read(host, data, format, cancellation);
        using var census = new PictureCensus(columns.Label.Classes, recognisable);
        var store = new PictureStore(data.GetRowCount());
        try
        {
            var fits = true;
            while (rows.MoveNext())
            {
                var pixels = fits ? rows.AddTo(store) : [];
                census.Add(rows.Label, rows.Weight, rows.Shape, pixels);
                fits = fits && store.Size <= budget;
            }

            census.Complete();
            Check(host, columns.Label, rows.Count, census);
            if (fits)
            {
                store.MoveTo(device);
                return new KeptPictures(store, format, device, census);
            }
        }
        catch
        {
            store.Dispose();
            throw;
        }

        store.Dispose();
        return new StreamedPictures(host, data, columns, format, device, census, budget, cancellation);
    }

    private static void Check(IExceptionContext context, LabelColumn label, long rows, PictureCensus census)
    {
        if (rows == 0)
        {
            throw context.Error("The data has no rows. Check the path or the filters that it comes from.");
        }

        if (census.Count == 0)
        {
            throw context.Error(
                $"The label column '{label.Column.Name}' is missing in all {rows} rows. Check that the labels are the values that its key was made from.");
        }

        if (census.Weights.All(weight => weight == 0))
        {
            throw context.Error("The example weights of all rows are 0: nothing counts. Check the column of weights.");
        }
    }
}
