using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data;

/// <summary>A cursor over labelled images; rows without a label are left out. What fails in the pipeline behind it is told with its row.</summary>
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

    /// <summary>Puts the image of the current row into a store.</summary>
    /// <returns>Its pixels, valid until the next call.</returns>
    /// <exception cref="InvalidOperationException">The row cannot be read.</exception>
    public ReadOnlySpan<byte> AddTo(ImageStore store)
    {
        try
        {
            return store.Add(_pixels, Label, Weight);
        }
        catch (Exception e) when (IsUpstream(e))
        {
            throw Failed(e, Count - 1);
        }
    }

    public void Dispose() => _cursor.Dispose();

    private static bool IsUpstream(Exception e) => e is not OperationCanceledException && !RowError.Names(e);

    private Exception Failed(Exception e, long row) => _source.Host.Error(e, $"Row {row} (from 0) of the data cannot be read: {e.Message}");
}
