namespace ResNetMLNet;

/// <summary>What <c>ExplainImage</c> adds besides the heat map of an image's likeliest class.</summary>
public sealed record HeatMapOptions
{
    /// <summary>The class that heat maps are of, one of <see cref="ResNetModel.ClassNames"/>; null: the likeliest of each image.</summary>
    public string? ClassName { get; init; }

    /// <summary>
    /// The name of a column for the image as the network sees it: resized, vector of float with the dimensions (channels, height, width),
    /// which the heat map lies on pixel by pixel. Null: no such column.
    /// </summary>
    public string? ImageColumnName { get; init; }
}
