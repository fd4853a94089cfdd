using ResNetMLNet.Data.Columns;

namespace ResNetMLNet.Data.Reading;

/// <summary>Encoded images of some rows one after the other, which are decoded together when the first of them is needed.</summary>
internal sealed class EncodedBlock
{
    // Enough that all processors have something to do until the last.
    private static readonly int _largestCount = 8 * Environment.ProcessorCount;

    private readonly ExampleSource _source;
    private readonly ImageDecoder<PixelReader> _decoder;
    private readonly KeptImages _images;

    private DecodingJob? _job;

    /// <param name="source">What is read.</param>
    /// <param name="row">Where its cursor stands.</param>
    public EncodedBlock(ExampleSource source, FeatureRow row)
    {
        (_source, _images) = (source, new(row));
        _decoder = new(source.Host, source.Columns.Feature, kept => source.Columns.Feature.CreateReader(kept, source.Format));
    }

    public bool TakesMore => _images.Count < _largestCount && !_images.IsFull;

    /// <summary>Empties it, to be filled again.</summary>
    public void Clear()
    {
        Stop();
        _job = null;
        _images.Clear();
    }

    /// <summary>Takes the image of the row where the cursor stands.</summary>
    public void Fetch() => _images.Fetch();

    /// <summary>The file of an image; null where the data does not say.</summary>
    public string? FileOf(int number) => _images[number].File;

    /// <summary>An image with its planes.</summary>
    /// <exception cref="Exception">What was thrown where it was read of its row, or decoded.</exception>
    public KeptImage Decoded(int number)
    {
        _job ??= _decoder.Start(
            _images.First(_images.Count), (reader, each) => _images[each].SetPlanes(reader), () => _source.IsStopped);
        _job.Complete();
        _source.ThrowIfStopped();
        var image = _images[number];
        image.Error?.Throw();
        return image;
    }

    /// <summary>Leaves off decoding.</summary>
    public void Stop() => _job?.Stop();
}
