using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet.Scoring;

/// <summary>A transformer bound to an input schema: the input's columns, then the predicted label and the score.</summary>
internal sealed class ScoringSchema
{
    public ScoringSchema(IExceptionContext context, DataViewSchema input, TrainedNetwork network, ScoringColumns columns)
    {
        Input = input;
        Network = network;
        Feature = FeatureColumn.Find(context, input, columns.Feature, network.Format.Shape.Channels, network.Format.MaximumPixels);
        if (Feature.Shape is { } shape)
        {
            Check(context, shape);
        }

        var builder = new DataViewSchema.Builder();
        builder.AddColumns(input);
        builder.AddColumn(
            columns.PredictedLabel,
            new KeyDataViewType(typeof(uint), network.Plan.Classes),
            ScoreAnnotations.ForPredictedLabel(input, network.KeyValues));
        builder.AddColumn(
            columns.Score,
            new VectorDataViewType(NumberDataViewType.Single, network.Plan.Classes),
            ScoreAnnotations.ForScore(input, network.KeyValues));
        Output = builder.ToSchema();
    }

    public DataViewSchema Input { get; }

    public DataViewSchema Output { get; }

    public TrainedNetwork Network { get; }

    public FeatureColumn Feature { get; }

    public int PredictedLabel => Input.Count;

    public int Score => Input.Count + 1;

    public bool IsInput(DataViewSchema.Column column) => column.Index < Input.Count;

    public InputReader CreateReader(IExceptionContext context, DataViewRow row) =>
        new(Feature.CreateReader(context, row, Network.Format), Network.Format);

    /// <summary>The input columns that are needed for some of the output's.</summary>
    public IEnumerable<DataViewSchema.Column> Dependencies(IEnumerable<DataViewSchema.Column> columns)
    {
        var needed = columns.SelectMany(column => IsInput(column) ? [column] : Feature.Columns).Select(column => column.Index).ToHashSet();
        return Input.Where(column => needed.Contains(column.Index));
    }

    private void Check(IExceptionContext context, ImageShape shape)
    {
        var format = Network.Format;
        if (!format.Takes(shape))
        {
            throw context.MistypedColumn(
                "feature",
                Feature.Column.Name,
                format.Resizes
                    ? $"images with {format.Shape.Channels} channel(s), as the network was trained on"
                    : $"images of {format.Shape} (channels x height x width), as the network was trained on",
                $"a column of {shape}");
        }
    }
}
