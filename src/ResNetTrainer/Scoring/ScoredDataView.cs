using Microsoft.ML;
using Microsoft.ML.Model.OnnxConverter;
using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;
using ResNetMLNet.Scoring.Engines;

namespace ResNetMLNet.Scoring;

/// <summary>
/// A data view with what the network makes of its rows, computed as cursors go along. It is what ML.NET takes for a transform that it can
/// walk back through, as its own are: otherwise ConvertToOnnx takes the new columns for the source of the data.
/// </summary>
internal sealed class ScoredDataView(IHost host, IDataView input, ScoringSchema schema, ScorerSource scorers) : ITransformCanSaveOnnx
{
    public IDataView Source => input;

    // A cursor looks ahead to fill a batch, which a shuffled one could not repeat.
    public bool CanShuffle => false;

    public DataViewSchema Schema => schema.Output;

    public long? GetRowCount() => input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = columnsNeeded.ToArray();
        var cursor = input.GetRowCursor(schema.Dependencies(active));
        try
        {
            var passedOn = active.Where(schema.IsInput).ToArray();
            return passedOn.Length < active.Length && passedOn.All(column => ColumnBuffer.CanHold(column.Type))
                ? new BatchCursor(host, cursor, schema, active, scorers)
                : new RowCursor(cursor, new(host, cursor, schema, active, scorers));
        }
        catch
        {
            cursor.Dispose();
            throw;
        }
    }

    // One cursor, because all of them would share the processor's cores anyway: the network uses them all.
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    public bool CanSaveOnnx(OnnxContext ctx)
    {
        OnnxSource.Check(host, input, schema, ctx);
        return true;
    }

    public void SaveAsOnnx(OnnxContext ctx) => new OnnxStep(schema).AddTo(ctx);

    // ML.NET saves transformers, not data views.
    void ICanSaveModel.Save(ModelSaveContext ctx) => throw host.Error("Save the transformer, not the data that it scored.");
}
