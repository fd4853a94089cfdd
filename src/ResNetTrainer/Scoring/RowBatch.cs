using System.Runtime.ExceptionServices;
using ResNetMLNet.Data;

namespace ResNetMLNet.Scoring;

/// <summary>Rows that are scored together, and the error of the row behind them, if it has one.</summary>
/// <param name="start">The place of its first row among all that are kept.</param>
/// <param name="imageLength">The values of an image.</param>
internal sealed class RowBatch(int start, int imageLength)
{
    private float[] _images = [];
    private float[] _values = [];

    public int Start => start;

    public int Count { get; set; }

    /// <summary>Whether <see cref="Values"/> is computed.</summary>
    public bool IsScored { get; set; }

    /// <summary>Those whose image could not be read, which have no values.</summary>
    public HashSet<int> Unreadable { get; } = [];

    /// <summary>What comes after the rows instead of another one.</summary>
    public ExceptionDispatchInfo? Error { get; set; }

    /// <summary>The images of all rows.</summary>
    public Memory<float> Images => _images.AsMemory(0, Count * imageLength);

    public Span<float> Image(int index) => _images.AsSpan(index * imageLength, imageLength);

    /// <summary>So many numbers for each row.</summary>
    public Memory<float> Values(int length)
    {
        GrowingBuffer.Grow(ref _values, Count * length);
        return _values.AsMemory(0, Count * length);
    }

    /// <summary>Empties it, for so many rows at most.</summary>
    public void Clear(int most)
    {
        (Count, IsScored, Error) = (0, false, null);
        Unreadable.Clear();
        GrowingBuffer.Grow(ref _images, most * imageLength);
    }
}
