using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;
using ResNetMLNet.Scoring.Engines;

namespace ResNetMLNet.Scoring;

/// <summary>
/// Scores in batches behind an ordinary cursor: reads ahead on its only input cursor, keeping the columns that are passed
/// on, and hands the rows out one by one. Batches grow from one row, so that the first comes at once. While one is scored on a GPU, the
/// images of the next are decoded.
/// </summary>
internal sealed class BatchCursor : DataViewRowCursor, IComputedRow
{
    private readonly IHost _host;
    private readonly DataViewRowCursor _input;
    private readonly ScoringSchema _schema;
    private readonly HashSet<int> _active;
    private readonly ScorerSource _scorers;
    private readonly Dictionary<int, ColumnBuffer> _kept;
    private readonly BatchReader _reader;
    private readonly int _largest;

    private RowBatch _current;
    private RowBatch _next;
    private bool _hasNext;
    private bool _ended;
    private int _size = 1;
    private int _index = -1;
    private long _position = -1;

    public BatchCursor(
        IHost host, DataViewRowCursor input, ScoringSchema schema, IEnumerable<DataViewSchema.Column> active, ScorerSource scorers)
    {
        _host = host;
        _input = input;
        _schema = schema;
        _active = [.. active.Select(column => column.Index)];
        _scorers = scorers;
        _kept = _active.Where(index => index < schema.Input.Count)
            .ToDictionary(index => index, index => ColumnBuffer.Create(input, schema.Input[index]));

        // About as many pixels as 64 images of 128x128 have: more gains nothing and costs memory. Of large images a few more, unless they
        // are very large.
        var shape = schema.Network.Format.Shape;
        var pixels = shape.Height * shape.Width;
        _largest = Math.Clamp(64 * 128 * 128 / pixels, Math.Clamp(8 * 1024 * 1024 / pixels, 2, 8), 256);
        _reader = new(host, input, schema, _kept.Values, 2 * _largest);
        (_current, _next) = (new(0, shape.Count), new(_largest, shape.Count));
    }

    public ReadOnlySpan<float> Image => _current.Image(CurrentIndex());

    public ReadOnlySpan<float> Values
    {
        get
        {
            var (index, length) = (CurrentIndex(), _schema.Length);
            var values = _current.Values(length);
            if (!_current.IsScored)
            {
                using var loan = _scorers.Borrow();

                // Not for the sake of a single row, which may be all that is wanted. A network on the processors would lose more by a
                // thread that takes one of them away in its midst than is gained: there all of them decode between two batches.
                if (_reader.DecodesAside && _current.Count > 1 && loan.Scorer.LeavesProcessorsFree)
                {
                    FetchNext();
                }

                loan.Scorer.Score(_current.Images, values);
                foreach (var row in _current.Unreadable)
                {
                    values.Span.Slice(row * length, length).Fill(float.NaN);
                }

                _current.IsScored = true;
            }

            return values.Span.Slice(index * length, length);
        }
    }

    public override DataViewSchema Schema => _schema.Output;

    public override long Position => _position;

    public override long Batch => 0;

    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

    public override bool MoveNext()
    {
        if (_ended)
        {
            return false;
        }

        if (++_index >= _current.Count)
        {
            // The rows before the one that failed were good, and came first.
            _current.Error?.Throw();
            Advance();
            if (_current.Count == 0)
            {
                _current.Error?.Throw();
                End();
                return false;
            }
        }

        _position++;
        return true;
    }

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        ScoringSchema.CheckActive(this, column);
        if (!_schema.IsInput(column))
        {
            return _schema.CreateGetter<TValue>(column, this);
        }

        return _kept[column.Index].CreateGetter(CurrentPlace) as ValueGetter<TValue>
            ?? throw _host.Error($"The column '{column.Name}' is of type {column.Type}; it cannot be read as {typeof(TValue)}.");
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = _reader.Id(CurrentPlace());

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            End();
            _reader.Stop();
            _input.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Advance()
    {
        FetchNext();
        (_current, _next, _hasNext, _index) = (_next, _current, false, 0);
        _reader.Complete(_current);
    }

    private void FetchNext()
    {
        if (!_hasNext && _current.Error is null)
        {
            _hasNext = true;
            _reader.Fetch(_next, _size);
            _size = Math.Min(2 * _size, _largest);
        }
    }

    private void End()
    {
        _ended = true;
        _index = -1;
        _position = -1;
    }

    private int CurrentPlace() => _current.Start + CurrentIndex();

    private int CurrentIndex() => _index >= 0 && _index < _current.Count
        ? _index
        : throw _host.Error("Values cannot be read before the cursor stands on a row: call MoveNext first.");
}
