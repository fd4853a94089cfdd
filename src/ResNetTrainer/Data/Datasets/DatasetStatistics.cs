using System.Buffers.Binary;
using System.Security.Cryptography;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data.Datasets;

/// <summary>What a set of labelled images has of each class, and by what it can be recognised.</summary>
internal sealed class DatasetStatistics : IDisposable
{
    private readonly IncrementalHash? _hash;
    private readonly long[] _counts;
    private long _changes;
    private int _last = -1;

    /// <param name="classes">The number of classes.</param>
    /// <param name="recognisable">Whether to make a fingerprint: it reads every pixel once more.</param>
    public DatasetStatistics(int classes, bool recognisable)
    {
        Weights = new double[classes];
        _counts = new long[classes];
        _hash = recognisable ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    }

    /// <summary>The sum of the example weights of each class; the number of images where there are no weights.</summary>
    public double[] Weights { get; }

    public long Count { get; private set; }

    /// <summary>Between which values the pixels are that were read, where they are floats.</summary>
    public PixelRange Pixels { get; set; } = PixelRange.Black;

    /// <summary>
    /// SHA-256 of labels, weights and pixels in order; null where it was not asked for. Pixels beyond the memory budget are left
    /// out.
    /// </summary>
    public string? Fingerprint { get; private set; }

    /// <summary>
    /// Whether images of a class lie together: the class changes from one to the next less than half as often as in a random order.
    /// </summary>
    public bool IsGrouped => _changes < Count * (1 - _counts.Sum(count => Math.Pow((double)count / Count, 2))) / 2;

    public void Add(int label, float weight, ImageShape shape, ReadOnlySpan<byte> pixels)
    {
        Count++;
        _counts[label]++;
        _changes += label == _last ? 0 : 1;
        _last = label;
        Weights[label] += weight;
        if (_hash is not null)
        {
            Span<byte> row = stackalloc byte[20];
            BinaryPrimitives.WriteInt32LittleEndian(row, label);
            BinaryPrimitives.WriteSingleLittleEndian(row[4..], weight);
            BinaryPrimitives.WriteInt32LittleEndian(row[8..], shape.Channels);
            BinaryPrimitives.WriteInt32LittleEndian(row[12..], shape.Height);
            BinaryPrimitives.WriteInt32LittleEndian(row[16..], shape.Width);
            _hash.AppendData(row);
            _hash.AppendData(pixels);
        }
    }

    /// <summary>To be called when all images have been added.</summary>
    public void Complete()
    {
        Fingerprint = _hash is null ? null : Convert.ToHexStringLower(_hash.GetHashAndReset());
        Dispose();
    }

    public void Dispose() => _hash?.Dispose();
}
