using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Hosting;
using static TorchSharp.torch;

namespace ResNetMLNet.Data;

/// <summary>
/// Pictures that are read again in each pass, because they do not fit the budget. A window of them is in memory at a
/// time and is shuffled; where the data view can shuffle by itself, it does so too.
/// </summary>
internal sealed class StreamedPictures(
    IHost host, IDataView data, FeatureColumn feature, LabelColumn label, InputFormat format, Device device, long[] counts, long budget)
    : PictureSet(format, device, counts)
{
    public override bool IsStreamed => true;

    public override IEnumerable<PictureBatch> Batches(int batchSize, long? shuffle) => Prefetch.Of(Read(batchSize, shuffle));

    public override void Dispose()
    {
    }

    private IEnumerable<PictureBatch> Read(int batchSize, long? shuffle)
    {
        var random = shuffle is { } seed && data.CanShuffle ? RandomStream.Create(seed) : null;
        using var cursor = data.GetRowCursor([feature.Column, label.Column], random);
        var pixels = feature.CreateReader(host, cursor, Format);
        var labels = label.CreateReader(cursor);
        using var window = new PictureStore();
        for (var part = 0; ; part++)
        {
            var more = Fill(window, cursor, pixels, labels, batchSize);
            foreach (var batch in KeptPictures.Batches(window, batchSize, shuffle is { } s ? RandomStream.Derive(s, part) : null, Device))
            {
                yield return batch;
            }

            if (!more)
            {
                yield break;
            }

            window.Clear();
        }
    }

    // A multiple of the batch size, so that only the last batch of all is smaller.
    private bool Fill(PictureStore window, DataViewRowCursor cursor, PixelReader pixels, Func<int> labels, int batchSize)
    {
        while (window.Count == 0 || window.Count % batchSize != 0 || window.Size < budget)
        {
            if (!cursor.MoveNext())
            {
                return false;
            }

            host.ThrowIfCancelled();
            if (labels() is var index and >= 0)
            {
                window.Add(pixels, index);
            }
        }

        return true;
    }
}
