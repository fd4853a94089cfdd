using ResNetMLNet.Data.Columns;

namespace ResNetMLNet.Scoring;

/// <summary>The columns that a transformer reads and adds.</summary>
/// <param name="Feature">The images.</param>
/// <param name="Score">The probabilities.</param>
/// <param name="PredictedLabel">The likeliest class.</param>
/// <param name="Label">The label that it was trained on: not read, but its keys should mean the model's classes where it is there.</param>
internal sealed record ScoringColumns(string Feature, string Score, string PredictedLabel, string Label)
{
    /// <summary>What the feature column was in training.</summary>
    public FeatureKind FeatureKind { get; init; }
}

/// <summary>The columns that a transformer of images to features reads and adds.</summary>
/// <param name="Input">The images.</param>
/// <param name="Output">The features.</param>
internal sealed record FeaturesColumns(string Input, string Output);

/// <summary>The columns of an explanation.</summary>
/// <param name="HeatMap">What it adds.</param>
/// <param name="Feature">The images.</param>
/// <param name="Image">What the network sees, which it adds too; null for no such column.</param>
internal sealed record HeatMapColumns(string HeatMap, string Feature, string? Image);
