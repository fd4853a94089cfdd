using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Reading;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet.Scoring;

/// <summary>A transformer bound to an input schema: the input's columns, then those that the network adds.</summary>
internal sealed class ScoringSchema
{
    private readonly IHost _host;

    private ScoringSchema(
        IHost host, DataViewSchema input, TrainedNetwork network, string feature, params OutputColumn[] added)
    {
        (_host, Input, Network, Added) = (host, input, network, added);
        Length = network.Plan.Outputs;
        Unreadable = new(host, UnreadableImages.Fail);
        Feature = FeatureColumn.Find(host, input, feature, network.Format.Shape.Channels, network.Format.MaximumPixels);
        if (Feature.Shape is { } shape)
        {
            Check(shape);
        }

        if (Feature.Kind != FeatureKind.Floats && PixelScale.ProblemOfBytes(network.Pixels) is { } problem)
        {
            throw host.Error($"The feature column '{feature}' is {Feature.Column.Type}. {problem}");
        }

        var builder = new DataViewSchema.Builder();
        builder.AddColumns(input);
        foreach (var column in added)
        {
            builder.AddColumn(column.Name, column.Type, column.Annotations);
        }

        Output = builder.ToSchema();
    }

    public DataViewSchema Input { get; }

    public DataViewSchema Output { get; }

    public TrainedNetwork Network { get; }

    public FeatureColumn Feature { get; }

    /// <summary>What stands behind the input's columns.</summary>
    public IReadOnlyList<OutputColumn> Added { get; }

    /// <summary>What becomes of rows whose image cannot be read.</summary>
    public UnreadableRows Unreadable { get; private init; }

    /// <summary>How many numbers a scorer makes of an image.</summary>
    public int Length { get; private init; }

    /// <summary>Whether ONNX can have all of them.</summary>
    public bool IsInOnnx => Added.All(column => column.IsInOnnx);

    /// <summary>With the predicted label and the score.</summary>
    public static ScoringSchema OfClasses(
        IHost host, DataViewSchema input, TrainedNetwork network, ScoringColumns columns, UnreadableImages unreadable) => new(
            host,
            input,
            network,
            columns.Feature,
            new LargestOutput(
                columns.PredictedLabel,
                network.Plan.Outputs,
                network.LeastProbability,
                ScoreAnnotations.ForPredictedLabel(input, network.KeyValues)),
            new OutputVector(columns.Score, network.Plan.Outputs, ScoreAnnotations.ForScore(input, network.KeyValues)))
        {
            Unreadable = new(host, unreadable),
        };

    /// <summary>With the features, of a network without a linear layer.</summary>
    public static ScoringSchema OfFeatures(
        IHost host, DataViewSchema input, TrainedNetwork network, FeaturesColumns columns) =>
        new(host, input, network, columns.Input, new OutputVector(columns.Output, network.Plan.Outputs, Annotations: null));

    /// <summary>With the heat map and, where it is asked for, the image.</summary>
    public static ScoringSchema OfHeatMaps(
        IHost host, DataViewSchema input, TrainedNetwork network, HeatMapColumns columns)
    {
        var shape = network.Format.Shape;
        var map = new HeatMap(columns.HeatMap, shape);
        return new(host, input, network, columns.Feature, columns.Image is { } image ? [map, new SeenImage(image, shape)] : [map])
        {
            Length = shape.Height * shape.Width,
        };
    }

    public bool IsInput(DataViewSchema.Column column) => column.Index < Input.Count;

    /// <summary>The getter of an added column.</summary>
    /// <exception cref="InvalidOperationException">The column is of another type.</exception>
    public ValueGetter<TValue> CreateGetter<TValue>(DataViewSchema.Column column, IComputedRow row) =>
        Added[column.Index - Input.Count].CreateGetter(row) as ValueGetter<TValue>
        ?? throw _host.Error($"The column '{column.Name}' is of type {column.Type}; it cannot be read as {typeof(TValue)}.");

    public InputReader CreateReader(FeatureRow row) =>
        new(Feature.CreateReader(row, Network.Format), Network.Format, Network.Pixels);

    /// <summary>The input columns that are needed for some of the output's.</summary>
    public IEnumerable<DataViewSchema.Column> Dependencies(IEnumerable<DataViewSchema.Column> columns)
    {
        var needed = columns.SelectMany(column => IsInput(column) ? [column] : Feature.Columns).Select(column => column.Index).ToHashSet();
        return Input.Where(column => needed.Contains(column.Index));
    }

    public static void CheckActive(DataViewRow row, DataViewSchema.Column column)
    {
        if (!row.IsColumnActive(column))
        {
            throw new ArgumentOutOfRangeException(
                nameof(column), $"The column '{column.Name}' was not asked for when the row or cursor was made.");
        }
    }

    private void Check(ImageShape shape)
    {
        var format = Network.Format;
        if (!format.Takes(shape))
        {
            throw _host.MistypedColumn(
                "feature",
                Feature.Column.Name,
                format.Resizes
                    ? $"images with {format.Shape.Channels} channel(s), as the network was trained on"
                    : $"images of {format.Shape} (channels x height x width), as the network was trained on",
                $"a column of {shape}");
        }
    }
}
