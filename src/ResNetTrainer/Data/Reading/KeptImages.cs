using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Data.Columns;

namespace ResNetMLNet.Data.Reading;

/// <summary>Encoded images, read of rows one after the other, that are decoded together. Their places are used again.</summary>
/// <param name="row">Where the cursor stands.</param>
internal sealed class KeptImages(FeatureRow row)
{
    /// <summary>How many bytes are kept at a time, or a little more: whole photographs are large.</summary>
    public const long LargestSize = 64 << 20;

    private readonly ValueGetter<VBuffer<byte>> _getter = row.GetGetter<VBuffer<byte>>();
    private readonly List<KeptImage> _images = [];
    private long _size;

    public int Count { get; private set; }

    public bool IsFull => _size >= LargestSize;

    public KeptImage this[int number] => _images[number];

    public void Clear() => (Count, _size) = (0, 0);

    /// <summary>Takes the image of the row where the cursor stands, or why there is none.</summary>
    public KeptImage Fetch()
    {
        if (Count == _images.Count)
        {
            _images.Add(new());
        }

        var image = _images[Count++];
        image.Fetch(row, _getter);
        _size += image.Encoded.Length;
        return image;
    }

    /// <summary>The first so many of them.</summary>
    public KeptImage[] First(int count) => [.. _images.Take(count)];
}
