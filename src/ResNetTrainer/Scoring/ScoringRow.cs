using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Scoring;

/// <summary>
/// A row with what the network makes of it, computed when it is asked for and once for each position. Holds nothing native: ML.NET never
/// disposes the rows of a PredictionEngine.
/// </summary>
internal sealed class ScoringRow : DataViewRow
{
    private readonly DataViewRow _input;
    private readonly ScoringSchema _schema;
    private readonly HashSet<int> _active;
    private readonly OutputColumn.Outputs _outputs;

    public ScoringRow(
        IExceptionContext context, DataViewRow input, ScoringSchema schema, IEnumerable<DataViewSchema.Column> active, ScorerSource scorers)
    {
        _input = input;
        _schema = schema;
        _active = [.. active.Select(column => column.Index)];
        var scored = schema.Output.Any(column => !schema.IsInput(column) && _active.Contains(column.Index));
        var reader = scored ? schema.CreateReader(context, input) : null;
        var image = new float[scored ? schema.Network.Format.Shape.Count : 0];
        var outputs = new float[scored ? schema.Network.Plan.Outputs : 0];
        var position = -1L;
        _outputs = () =>
        {
            if (_input.Position < 0)
            {
                throw context.Error("Values cannot be read before the cursor stands on a row: call MoveNext first.");
            }

            if (position != _input.Position)
            {
                // What was read of another row must not be taken for this one's if reading fails.
                position = -1;
                reader!.Read(image);
                using var loan = scorers.Borrow();
                loan.Scorer.Score(image, outputs);
                position = _input.Position;
            }

            return outputs;
        };
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
            : _schema.CreateGetter<TValue>(column, _outputs);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _input.Dispose();
        }

        base.Dispose(disposing);
    }
}
