using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Data;

/// <summary>Encoded images of some rows one after the other, which are decoded together when the first of them is needed.</summary>
internal sealed class EncodedBlock
{
    // Enough that all processors have something to do until the last; and not more bytes than that.
    private const long LargestSize = 64 << 20;
    private static readonly int _largestCount = 8 * Environment.ProcessorCount;

    private readonly ExampleSource _source;
    private readonly FeatureRow _row;
    private readonly ValueGetter<VBuffer<byte>> _getter;
    private readonly ImageDecoder<PixelReader> _decoder;
    private readonly List<KeptImage> _images = [];

    private DecodingJob? _job;
    private int _count;
    private long _size;

    /// <param name="source">What is read.</param>
    /// <param name="row">Where its cursor stands.</param>
    public EncodedBlock(ExampleSource source, FeatureRow row)
    {
        (_source, _row) = (source, row);
        _getter = row.GetGetter<VBuffer<byte>>();
        _decoder = new(source.Host, source.Columns.Feature, kept => source.Columns.Feature.CreateReader(kept, source.Format));
    }

    public bool TakesMore => _count < _largestCount && _size < LargestSize;

    /// <summary>Empties it, to be filled again.</summary>
    public void Clear()
    {
        Stop();
        (_job, _count, _size) = (null, 0, 0);
    }

    /// <summary>Takes the image of the row where the cursor stands.</summary>
    public void Fetch()
    {
        if (_count == _images.Count)
        {
            _images.Add(new());
        }

        var image = _images[_count++];
        image.Fetch(_row, _getter);
        _size += image.Encoded.Length;
    }

    /// <summary>The file of an image; null where the data does not say.</summary>
    public string? FileOf(int number) => _images[number].File;

    /// <summary>An image with its planes.</summary>
    /// <exception cref="Exception">What was thrown where it was read of its row, or decoded.</exception>
    public KeptImage Decoded(int number)
    {
        _job ??= _decoder.Start(
            [.. _images.Take(_count)], (reader, each) => _images[each].SetPlanes(reader), () => IsCancelled);
        _job.Complete();
        if (IsCancelled)
        {
            _source.Cancellation.ThrowIfCancellationRequested();
            _source.Host.ThrowIfCancelled();
        }

        var image = _images[number];
        image.Error?.Throw();
        return image;
    }

    /// <summary>Leaves off decoding.</summary>
    public void Stop() => _job?.Stop();

    private bool IsCancelled => _source.Cancellation.IsCancellationRequested || _source.Host.IsCancelled();
}
