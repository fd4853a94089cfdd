using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.Hosting;

namespace ResNetMLNet.Scoring;

/// <summary>A transformer bound to an input schema: the input's columns, then the predicted label and the score.</summary>
internal sealed class ScoringSchema
{
    public ScoringSchema(IExceptionContext context, DataViewSchema input, ScoringOptions options)
    {
        Input = input;
        Options = options;
        Feature = FeatureColumn.Find(context, input, options.FeatureColumnName, options.Format.Shape.Channels);
        if (Feature.Shape is { } shape)
        {
            Check(context, shape);
        }

        var builder = new DataViewSchema.Builder();
        builder.AddColumns(input);
        builder.AddColumn(
            options.PredictedLabelColumnName,
            new KeyDataViewType(typeof(uint), options.Classes),
            ScoreAnnotations.ForPredictedLabel(input, options.KeyValues));
        builder.AddColumn(
            options.ScoreColumnName,
            new VectorDataViewType(NumberDataViewType.Single, options.Classes),
            ScoreAnnotations.ForScore(input, options.KeyValues));
        Output = builder.ToSchema();
    }

    public DataViewSchema Input { get; }

    public DataViewSchema Output { get; }

    public ScoringOptions Options { get; }

    public FeatureColumn Feature { get; }

    public int PredictedLabel => Input.Count;

    public int Score => Input.Count + 1;

    public bool IsInput(DataViewSchema.Column column) => column.Index < Input.Count;

    public InputReader CreateReader(IExceptionContext context, DataViewRow row) =>
        new(Feature.CreateReader(context, row, Options.Format), Options.Format);

    /// <summary>The input columns that are needed for some of the output's.</summary>
    public IEnumerable<DataViewSchema.Column> Dependencies(IEnumerable<DataViewSchema.Column> columns)
    {
        var needed = columns.Select(column => IsInput(column) ? column.Index : Feature.Column.Index).ToHashSet();
        return Input.Where(column => needed.Contains(column.Index));
    }

    private void Check(IExceptionContext context, ImageShape shape)
    {
        var format = Options.Format;
        if (!format.Takes(shape))
        {
            throw context.MistypedColumn(
                "feature",
                Options.FeatureColumnName,
                format.Resizes
                    ? $"pictures with {format.Shape.Channels} channel(s), as the network was trained on"
                    : $"pictures of {format.Shape} (channels x height x width), as the network was trained on",
                $"a column of {shape}");
        }
    }
}

/// <summary>What scoring needs to know of a model.</summary>
internal sealed record ScoringOptions(
    string FeatureColumnName,
    string ScoreColumnName,
    string PredictedLabelColumnName,
    InputFormat Format,
    int Classes,
    KeyValues? KeyValues);
