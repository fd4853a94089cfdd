using Microsoft.ML;

namespace ResNetMLNet.Sample.Reporting;

/// <summary>What the network looked at in an image.</summary>
/// <param name="Height">The rows of the map.</param>
/// <param name="Width">The columns of the map.</param>
/// <param name="Values">Row by row: 0 is nothing, 1 the most.</param>
public sealed record HeatMap(int Height, int Width, IReadOnlyList<float> Values);

/// <summary>Explains rows of images, one heat map a row, in their order.</summary>
internal delegate IReadOnlyList<HeatMap> Explainer(IDataView rows);
