using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Reading;
using ResNetMLNet.MLNet;
using ResNetMLNet.Scoring.Engines;

namespace ResNetMLNet.Scoring;

/// <summary>
/// A row with what is computed of its image, when it is asked for and once for each position. Holds nothing native: ML.NET never
/// disposes the rows of a PredictionEngine.
/// </summary>
internal sealed class ScoringRow : DataViewRow, IComputedRow
{
    private readonly IExceptionContext _context;
    private readonly DataViewRow _input;
    private readonly ScoringSchema _schema;
    private readonly HashSet<int> _active;
    private readonly ScorerSource _scorers;
    private readonly InputReader? _reader;
    private readonly float[] _image = [];
    private readonly float[] _values = [];

    private long _read = -1;
    private long _scored = -1;

    public ScoringRow(
        IExceptionContext context, DataViewRow input, ScoringSchema schema, IEnumerable<DataViewSchema.Column> active, ScorerSource scorers)
    {
        _context = context;
        _input = input;
        _schema = schema;
        _scorers = scorers;
        _active = [.. active.Select(column => column.Index)];
        if (_active.Any(index => index >= schema.Input.Count))
        {
            _reader = schema.CreateReader(new CursorRow(context, input, schema.Feature));
            _image = new float[schema.Network.Format.Shape.Count];
            _values = new float[schema.Length];
        }
    }

    public ReadOnlySpan<float> Image
    {
        get
        {
            Read();
            return _image;
        }
    }

    public ReadOnlySpan<float> Values
    {
        get
        {
            Read();
            if (_scored != _read)
            {
                using var loan = _scorers.Borrow();
                loan.Scorer.Score(_image, _values);
                _scored = _read;
            }

            return _values;
        }
    }

    public override DataViewSchema Schema => _schema.Output;

    public override long Position => _input.Position;

    public override long Batch => _input.Batch;

    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

    public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        ScoringSchema.CheckActive(this, column);
        return _schema.IsInput(column)
            ? _input.GetGetter<TValue>(_schema.Input[column.Index])
            : _schema.CreateGetter<TValue>(column, this);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _input.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Read()
    {
        if (_input.Position < 0)
        {
            throw _context.Error("The score cannot be read before the cursor stands on a row: call MoveNext first.");
        }

        if (_read != _input.Position)
        {
            // What was read of another row must not be taken for this one's if reading fails, nor what was computed of it.
            (_read, _scored) = (-1, -1);
            try
            {
                _reader!.Read(_image);
                _read = _input.Position;
            }
            catch (Exception e) when (_schema.Unreadable.AreSkipped(e))
            {
                _schema.Unreadable.Skip(e, _image);
                _values.AsSpan().Fill(float.NaN);
                (_read, _scored) = (_input.Position, _input.Position);
            }
        }
    }
}
