using ResNetMLNet.Data;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Formats;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet.Scoring;

/// <summary>
/// A network as it scores: its weights, how images become its input, and which class each of its outputs is, where it has a linear layer.
/// Immutable; holds nothing native.
/// </summary>
/// <param name="Plan">The network.</param>
/// <param name="Weights">Its weights and running statistics.</param>
/// <param name="Format">What it is fed.</param>
/// <param name="TestTimeAugmentation">Of which views of the image a score is the mean.</param>
/// <param name="KeyValues">The values of the label's key; null where it has none.</param>
internal sealed record TrainedNetwork(
    NetworkPlan Plan, NamedTensors Weights, InputFormat Format, TestTimeAugmentation TestTimeAugmentation, KeyValues? KeyValues)
{
    /// <summary>Between which values the pixels were that it was trained on; null where that is not known.</summary>
    public PixelRange? Pixels { get; init; }

    /// <summary>The probability below which the likeliest class is none; null where it always is one.</summary>
    public double? RejectBelow { get; init; }

    /// <summary>The same as probabilities are: floats.</summary>
    public float? LeastProbability => (float?)RejectBelow;

    public IReadOnlyList<string> ClassNames { get; } = KeyValues.NamesOf(KeyValues, Plan.Classes ?? 0);
}

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
internal sealed record FeaturizerColumns(string Input, string Output);

/// <summary>The columns of an explanation.</summary>
/// <param name="HeatMap">What it adds.</param>
/// <param name="Feature">The images.</param>
/// <param name="Image">What the network sees, which it adds too; null for no such column.</param>
internal sealed record HeatMapColumns(string HeatMap, string Feature, string? Image);
