using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Sample.Scoring;

/// <summary>What the network looked at in an image.</summary>
/// <param name="Height">The rows of the map.</param>
/// <param name="Width">The columns of the map.</param>
/// <param name="Values">Row by row: 0 is nothing, 1 the most.</param>
public sealed record HeatMap(int Height, int Width, IReadOnlyList<float> Values)
{
    private const string Column = "ReportHeatMap";

    /// <summary>Explains with a model what it predicts of the images in a column.</summary>
    internal static Explainer With(MLContext ml, ResNetTransformer model, string featureColumnName) => rows =>
    {
        var (height, width) = (model.Model.ImageHeight, model.Model.ImageWidth);
        using var explained = ml.Transforms.ExplainImage(Column, model, featureColumnName).Fit(rows);
        return [.. explained.Transform(rows).GetColumn<float[]>(Column).Select(values => new HeatMap(height, width, values))];
    };
}

/// <summary>Explains rows of images, one heat map a row, in their order.</summary>
internal delegate IReadOnlyList<HeatMap> Explainer(IDataView rows);
