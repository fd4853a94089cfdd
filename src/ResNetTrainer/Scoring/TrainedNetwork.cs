using ResNetMLNet.Data;
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
