using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Scoring;

/// <summary>
/// Scores in batches behind an ordinary cursor: reads ahead on its only input cursor, keeping the columns that are passed
/// on, and hands the rows out one by one. Batches grow from one row, so that the first comes at once.
/// </summary>
internal sealed class BatchCursor : DataViewRowCursor, IComputedRow
{
    private readonly IHost _host;
    private readonly DataViewRowCursor _input;
    private readonly ScoringSchema _schema;
    private readonly HashSet<int> _active;
    private readonly ScorerSource _scorers;
    private readonly InputReader _reader;
    private readonly Dictionary<int, ColumnBuffer> _kept;
    private readonly ValueGetter<DataViewRowId> _inputId;
    private readonly List<DataViewRowId> _ids = [];
    private readonly int _image;
    private readonly int _largest;

    private ExceptionDispatchInfo? _error;
    private float[] _images = [];
    private float[] _values = [];
    private bool _scored;
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
        _reader = schema.CreateReader(host, input);
        _image = schema.Network.Format.Shape.Count;
        _kept = _active.Where(index => index < schema.Input.Count)
            .ToDictionary(index => index, index => ColumnBuffer.Create(input, schema.Input[index]));
        _inputId = input.GetIdGetter();

        // About as many pixels as 64 images of 128x128 have: more gains nothing and costs memory.
        var pixels = schema.Network.Format.Shape.Height * schema.Network.Format.Shape.Width;
        _largest = Math.Clamp(64 * 128 * 128 / pixels, 8, 256);
    }

    public ReadOnlySpan<float> Image => _images.AsSpan(CurrentIndex() * _image, _image);

    public ReadOnlySpan<float> Values
    {
        get
        {
            var (index, length) = (CurrentIndex(), _schema.Length);
            if (!_scored)
            {
                if (_values.Length < _ids.Count * length)
                {
                    _values = new float[_ids.Count * length];
                }

                using var loan = _scorers.Borrow();
                loan.Scorer.Score(_images.AsMemory(0, _ids.Count * _image), _values.AsMemory(0, _ids.Count * length));
                _scored = true;
            }

            return _values.AsSpan(index * length, length);
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

        if (++_index >= _ids.Count)
        {
            Fill();
            if (_ids.Count == 0)
            {
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

        return _kept[column.Index].CreateGetter(CurrentIndex) as ValueGetter<TValue>
            ?? throw _host.Error($"The column '{column.Name}' is of type {column.Type}; it cannot be read as {typeof(TValue)}.");
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = _ids[CurrentIndex()];

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            End();
            _input.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Fill()
    {
        _error?.Throw();
        _index = 0;
        _scored = false;
        _ids.Clear();
        if (_images.Length < _size * _image)
        {
            _images = new float[_size * _image];
        }

        try
        {
            while (_ids.Count < _size && _input.MoveNext())
            {
                Keep();
            }
        }
        catch (Exception e) when (_ids.Count > 0)
        {
            // The rows before the one that failed are good, and come first.
            _error = ExceptionDispatchInfo.Capture(e);
        }

        _size = Math.Min(2 * _size, _largest);
    }

    private void Keep()
    {
        var index = _ids.Count;
        _reader.Read(_images.AsSpan(index * _image, _image));
        foreach (var column in _kept.Values)
        {
            column.Keep(index);
        }

        DataViewRowId id = default;
        _inputId(ref id);
        _ids.Add(id);
    }

    private void End()
    {
        _ended = true;
        _index = -1;
        _position = -1;
    }

    private int CurrentIndex() => _index >= 0 && _index < _ids.Count
        ? _index
        : throw _host.Error("Values cannot be read before the cursor stands on a row: call MoveNext first.");
}
