using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Microsoft.ML.Data;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Scoring;

namespace ResNetMLNet.Saving;

/// <summary>What stands beside the weights in a saved classifier: model.json, readable by people and by any tool.</summary>
internal sealed record ModelHeader : NetworkHeader
{
    public const int CurrentVersion = 3;

    public ModelHeader()
    {
    }

    [SetsRequiredMembers]
    public ModelHeader(TrainedNetwork network, TrainingSummary training, ScoringColumns columns, string weightsSha256)
        : base(network, weightsSha256)
    {
        var shifts = network.TestTimeAugmentation == ResNetMLNet.TestTimeAugmentation.FlipAndShift;

        // 1 for all that the first version knows, 2 for other networks and statistics of channels, 3 for what a reader of those would
        // overlook: mean images, shifted views, images that are given no class.
        FormatVersion = HasMeanImage || shifts || network.RejectBelow is not null ? CurrentVersion
            : network.Plan.Architecture.IsOfFirstVersion && network.Plan.Statistics is null ? 1
            : 2;
        TestTimeFlip = network.TestTimeAugmentation != ResNetMLNet.TestTimeAugmentation.None;
        TestTimeAugmentation = shifts ? network.TestTimeAugmentation : null;
        RejectBelow = network.RejectBelow;
        ClassNames = [.. network.ClassNames];
        (FeatureColumnName, FeatureKind, LabelColumnName) = (columns.Feature, columns.FeatureKind, columns.Label);
        (ScoreColumnName, PredictedLabelColumnName) = (columns.Score, columns.PredictedLabel);
        Training = training;
    }

    // Not in the files of the first days.
    public bool TestTimeFlip { get; init; }

    // Only where it says more than the one before.
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TestTimeAugmentation? TestTimeAugmentation { get; init; }

    // Not in the files of the first versions; null where every image is given a class.
    public double? RejectBelow { get; init; }

    public required string[] ClassNames { get; init; }

    public required string FeatureColumnName { get; init; }

    // Not in the files of the first days.
    public FeatureKind FeatureKind { get; init; }

    public required string ScoreColumnName { get; init; }

    public required string PredictedLabelColumnName { get; init; }

    // Not in the files of the first days: ML.NET's default stands for it.
    public string? LabelColumnName { get; init; }

    public required TrainingSummary Training { get; init; }

    [JsonIgnore]
    public TestTimeAugmentation Views =>
        TestTimeAugmentation ?? (TestTimeFlip ? ResNetMLNet.TestTimeAugmentation.Flip : ResNetMLNet.TestTimeAugmentation.None);

    [JsonIgnore]
    public ScoringColumns Columns =>
        new(FeatureColumnName, ScoreColumnName, PredictedLabelColumnName, LabelColumnName ?? DefaultColumnNames.Label)
        {
            FeatureKind = FeatureKind,
        };

    /// <summary>The same with what the first version did not write: its bottlenecks had neither groups nor another width.</summary>
    public ModelHeader FromFirstVersion() => this with { Architecture = Architecture with { WidthFactor = 1, Groups = 1 } };
}
