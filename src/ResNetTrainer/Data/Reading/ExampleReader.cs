using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data.Reading;

/// <summary>
/// A cursor over labelled images; rows without a label are left out. What fails in the pipeline behind it is told with its row. Of encoded
/// images some are read ahead, to be decoded by all processors; they come, and fail, in the order of the rows.
/// </summary>
internal sealed class ExampleReader : IDisposable
{
    private readonly ExampleSource _source;
    private readonly DataViewRowCursor _cursor;
    private readonly PixelReader _pixels;
    private readonly Func<int> _label;
    private readonly Func<float>? _weight;
    private readonly EncodedBlock? _encoded;
    private readonly List<Example> _rows = [];

    private int _at = -1;
    private long _fetched;
    private long _labelled;
    private bool _ended;
    private ExceptionDispatchInfo? _error;

    public ExampleReader(ExampleSource source, DataViewRowCursor cursor)
    {
        (_source, _cursor) = (source, cursor);
        var row = new CursorRow(source.Host, cursor, source.Columns.Feature);
        _pixels = source.Columns.Feature.CreateReader(row, source.Format);
        _label = source.Columns.Label.CreateReader(cursor);
        _weight = source.Columns.Weight?.CreateReader(source.Host, cursor);
        _encoded = source.Columns.Feature.IsEncoded ? new(source, row) : null;
    }

    /// <summary>Whether images are going to be asked for: others are not read ahead.</summary>
    public bool ReadsImages { get; set; } = true;

    /// <summary>Which of the rows that have a label are wanted, by number; null for all. Others are passed over.</summary>
    public Func<long, bool>? IsWanted { get; init; }

    /// <summary>The rows so far, those without a label included.</summary>
    public long Count { get; private set; }

    /// <summary>The shape of the image that was read last.</summary>
    public ImageShape Shape { get; private set; }

    /// <summary>Between which values pixels have been so far, where they are floats.</summary>
    public PixelRange Pixels { get; private set; } = PixelRange.Black;

    /// <summary>The class of the current row, from 0.</summary>
    public int Label => _rows[_at].Label;

    /// <summary>The weight of the current row; 1 where there is no such column.</summary>
    public float Weight => _rows[_at].Weight;

    /// <summary>Whether there are no more rows.</summary>
    public bool HasEnded => _ended && _at >= _rows.Count;

    /// <summary>The images that could not be read and were left out, and why.</summary>
    public List<string> LeftOut { get; } = [];

    /// <summary>Goes to the next row that has a label.</summary>
    /// <exception cref="InvalidOperationException">The row cannot be read.</exception>
    public bool MoveNext()
    {
        _source.ThrowIfStopped();
        if (++_at >= _rows.Count)
        {
            Fetch();
        }

        if (_at < _rows.Count)
        {
            Count = _rows[_at].Number;
            return true;
        }

        Count = _fetched;
        _error?.Throw();
        return false;
    }

    /// <summary>Reads the image of the current row.</summary>
    /// <param name="pixels">Its pixels, valid until the next call.</param>
    /// <returns>Whether there is an image; not if it cannot be read and is to be left out.</returns>
    /// <exception cref="InvalidOperationException">The row cannot be read.</exception>
    public bool TryRead(out ReadOnlySpan<byte> pixels)
    {
        pixels = [];
        try
        {
            pixels = Read();
            return true;
        }
        catch (UnusableImageException e) when (e.IsUnreadable && _source.Unreadable == UnreadableImages.Skip)
        {
            LeftOut.Add(e.Message);
            return false;
        }
        catch (Exception e) when (IsUpstream(e))
        {
            throw (_rows[_at].IsAhead ? _encoded!.FileOf(_at) : _pixels.Row.File) is { } file
                ? _source.Host.Error(e, $"The row of the file '{file}' cannot be read: {e.GetBaseException().Message}")
                : Failed(e, Count - 1);
        }
    }

    /// <summary>Puts the image of the current row, which has been read, into a store.</summary>
    public void AddTo(ImageStore store, ReadOnlySpan<byte> pixels) => store.Add(Shape, _pixels.Type, pixels, Label, Weight);

    public void Dispose()
    {
        _encoded?.Stop();
        _cursor.Dispose();
    }

    private ReadOnlySpan<byte> Read()
    {
        if (!_rows[_at].IsAhead)
        {
            var pixels = _pixels.Read();
            Shape = _pixels.Shape;
            Pixels = Pixels.With(_pixels.Pixels);
            return pixels;
        }

        var image = _encoded!.Decoded(_at);
        Shape = image.Shape;
        return image.Planes;
    }

    // One row, or as many as are decoded together. The rows before one that fails are good, and come first.
    private void Fetch()
    {
        _at = 0;
        _rows.Clear();
        var isAhead = _encoded is not null && ReadsImages;
        _encoded?.Clear();
        try
        {
            do
            {
                if (_error is not null || _ended || !NextLabelled(isAhead))
                {
                    return;
                }
            }
            while (isAhead && _encoded!.TakesMore);
        }
        catch (Exception e)
        {
            _error = ExceptionDispatchInfo.Capture(IsUpstream(e) ? Failed(e, _fetched) : e);
        }
    }

    private bool NextLabelled(bool isAhead)
    {
        while (_cursor.MoveNext())
        {
            _source.ThrowIfStopped();
            var label = _label();
            var weight = label < 0 ? 0 : _weight?.Invoke() ?? 1;
            _fetched++;
            if (label >= 0 && IsWanted?.Invoke(_labelled++) != false)
            {
                if (isAhead)
                {
                    _encoded!.Fetch();
                }

                _rows.Add(new(_fetched, label, weight, isAhead));
                return true;
            }
        }

        _ended = true;
        return false;
    }

    // Somebody else's cancellation, a request that timed out say, is a failure like any other.
    private bool IsUpstream(Exception e) => e is OperationCanceledException ? !_source.IsCancelled : RowError.IsUpstream(e);

    // ML.NET's cursors wrap what their threads throw, and throw it ahead of rows that are on their way: the innermost error knows what
    // happened, and nobody to which of them.
    private Exception Failed(Exception e, long row) => _source.Host.Error(
        e,
        $"Row {row} (from 0){(e.GetBaseException() == e ? "" : ", or a later one,")} of the {_source.Title} cannot be read: "
        + e.GetBaseException().Message);

    private readonly record struct Example(long Number, int Label, float Weight, bool IsAhead);
}
