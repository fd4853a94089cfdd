using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Hosting;

namespace ResNetMLNet.Data;

/// <summary>A cursor over labelled pictures; rows without a label are left out. What fails in the pipeline behind it is told with its row.</summary>
internal sealed class PictureRows : IDisposable
{
    private readonly IHost _host;
    private readonly CancellationToken _cancellation;
    private readonly DataViewRowCursor _cursor;
    private readonly PixelReader _pixels;
    private readonly Func<int> _label;
    private readonly Func<float>? _weight;

    public PictureRows(IHost host, DataViewRowCursor cursor, PictureColumns columns, InputFormat format, CancellationToken cancellation)
    {
        (_host, _cursor, _cancellation) = (host, cursor, cancellation);
        _pixels = columns.Feature.CreateReader(host, cursor, format);
        _label = columns.Label.CreateReader(cursor);
        _weight = columns.Weight?.CreateReader(host, cursor);
    }

    /// <summary>The rows so far, those without a label included.</summary>
    public long Count { get; private set; }

    /// <summary>The shape of the picture that was read last.</summary>
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
                _cancellation.ThrowIfCancellationRequested();
                _host.ThrowIfCancelled();
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

    /// <summary>Puts the picture of the current row into a store.</summary>
    /// <returns>Its pixels, valid until the next call.</returns>
    /// <exception cref="InvalidOperationException">The row cannot be read.</exception>
    public ReadOnlySpan<byte> AddTo(PictureStore store)
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

    private Exception Failed(Exception e, long row) => _host.Error(e, $"Row {row} (from 0) of the data cannot be read: {e.Message}");
}
