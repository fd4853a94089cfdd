using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data;

/// <summary>
/// A cursor over labelled images; rows without a label are left out. What fails in the pipeline behind it is told with its row.
/// </summary>
internal sealed class ExampleReader : IDisposable
{
    private readonly ExampleSource _source;
    private readonly DataViewRowCursor _cursor;
    private readonly PixelReader _pixels;
    private readonly Func<int> _label;
    private readonly Func<float>? _weight;

    public ExampleReader(ExampleSource source, DataViewRowCursor cursor)
    {
        (_source, _cursor) = (source, cursor);
        _pixels = source.Columns.Feature.CreateReader(source.Host, cursor, source.Format);
        _label = source.Columns.Label.CreateReader(cursor);
        _weight = source.Columns.Weight?.CreateReader(source.Host, cursor);
    }

    /// <summary>The rows so far, those without a label included.</summary>
    public long Count { get; private set; }

    /// <summary>The shape of the image that was read last.</summary>
    public ImageShape Shape => _pixels.Shape;

    /// <summary>The class of the current row, from 0.</summary>
    public int Label { get; private set; }

    /// <summary>The weight of the current row; 1 where there is no such column.</summary>
    public float Weight { get; private set; } = 1;

    /// <summary>Goes to the next row that has a label.</summary>
    /// <exception cref="InvalidOperationException">The row cannot be read.</exception>
    public bool MoveNext()
    {
        try
        {
            while (_cursor.MoveNext())
            {
                _source.Cancellation.ThrowIfCancellationRequested();
                _source.Host.ThrowIfCancelled();
                Label = _label();
                Weight = _weight?.Invoke() ?? 1;
                Count++;
                if (Label >= 0)
                {
                    return true;
                }
            }

            return false;
        }
        catch (Exception e) when (IsUpstream(e))
        {
            throw Failed(e, Count);
        }
    }

    /// <summary>The images that could not be read and were left out, and why.</summary>
    public List<string> LeftOut { get; } = [];

    /// <summary>Reads the image of the current row.</summary>
    /// <param name="pixels">Its pixels, valid until the next call.</param>
    /// <returns>Whether there is an image; not if it cannot be read and is to be left out.</returns>
    /// <exception cref="InvalidOperationException">The row cannot be read.</exception>
    public bool TryRead(out ReadOnlySpan<byte> pixels)
    {
        pixels = [];
        try
        {
            pixels = _pixels.Read();
            return true;
        }
        catch (Exception e) when (_source.Unreadable == UnreadableImages.Skip && RowError.IsUnreadable(e))
        {
            LeftOut.Add(e.Message);
            return false;
        }
        catch (Exception e) when (IsUpstream(e))
        {
            throw _pixels.Row.File is { } file
                ? _source.Host.Error(e, $"The row of the file '{file}' cannot be read: {e.GetBaseException().Message}")
                : Failed(e, Count - 1);
        }
    }

    /// <summary>Puts the image of the current row, which has been read, into a store.</summary>
    public void AddTo(ImageStore store, ReadOnlySpan<byte> pixels) => store.Add(_pixels.Shape, _pixels.Type, pixels, Label, Weight);

    public void Dispose() => _cursor.Dispose();

    // Somebody else's cancellation, a request that timed out say, is a failure like any other.
    private bool IsUpstream(Exception e) => e is OperationCanceledException
        ? !_source.Cancellation.IsCancellationRequested && !_source.Host.IsCancelled()
        : RowError.IsUpstream(e);

    // ML.NET's cursors wrap what their threads throw: the innermost error knows what happened.
    private Exception Failed(Exception e, long row) =>
        _source.Host.Error(e, $"Row {row} (from 0) of the data cannot be read: {e.GetBaseException().Message}");
}
