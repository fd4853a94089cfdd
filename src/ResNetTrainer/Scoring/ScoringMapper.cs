using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Scoring.Engines;

namespace ResNetMLNet.Scoring;

/// <summary>Scores single rows: what PredictionEngine works with.</summary>
internal sealed class ScoringMapper(IExceptionContext context, ScoringSchema schema, ScorerSource scorers) : IRowToRowMapper
{
    public DataViewSchema InputSchema => schema.Input;

    public DataViewSchema OutputSchema => schema.Output;

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
        schema.Dependencies(dependingColumns);

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        if (!ReferenceEquals(input.Schema, InputSchema))
        {
            throw new ArgumentException("The row has another schema than the mapper was made for.", nameof(input));
        }

        return new ScoringRow(context, input, schema, activeColumns, scorers);
    }
}
