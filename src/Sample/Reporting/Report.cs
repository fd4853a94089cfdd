using ResNetMLNet.Sample.Scoring;

namespace ResNetMLNet.Sample.Reporting;

/// <summary>
/// Everything that a report shows, before it is drawn and written. What pages are made of is public, as Razor components are.
/// </summary>
public sealed record Report
{
    public required string Title { get; init; }

    /// <summary>What the network is and how it was trained.</summary>
    public required IReadOnlyList<Fact> Settings { get; init; }

    /// <summary>What it ran on.</summary>
    public required IReadOnlyList<Fact> Device { get; init; }

    public required IReadOnlyList<Fact> Data { get; init; }

    public required IReadOnlyList<Fact> SpeedAndMemory { get; init; }

    public required IReadOnlyList<EpochMetrics> Epochs { get; init; }

    /// <summary>Training images as the network sees them; empty where there was no training.</summary>
    public IReadOnlyList<ShownImage> TrainingImages { get; init; } = [];

    /// <summary>Null where nothing was tested: a training that was cancelled.</summary>
    public TestReport? Test { get; init; }
}

/// <summary>A name and a value.</summary>
public sealed record Fact(string Name, string Value);

/// <summary>What a report says of the test images.</summary>
public sealed record TestReport
{
    private const int ExplainedImages = 8;

    public required Evaluation Evaluation { get; init; }

    public required IReadOnlyList<ClassFigures> Classes { get; init; }

    public required IReadOnlyList<Confusion> Confusions { get; init; }

    public required Calibration Calibration { get; init; }

    public required IReadOnlyList<Coverage> CoverageTable { get; init; }

    public required IReadOnlyList<Coverage> CoverageCurve { get; init; }

    /// <summary>Wrong predictions, the surest first.</summary>
    public IReadOnlyList<ShownImage> Mistakes { get; init; } = [];

    /// <summary>Predictions all over the test images.</summary>
    public IReadOnlyList<ShownImage> Predictions { get; init; } = [];

    /// <summary>The first images of both of which is known what the network looked at.</summary>
    public IEnumerable<ShownImage> Explained => Mistakes.Take(ExplainedImages).Concat(Predictions.Take(ExplainedImages))
        .Where(image => image.HeatMap is not null).DistinctBy(image => image.Position);

    internal static TestReport Of(ScoredImages scored) => new()
    {
        Evaluation = scored.Evaluation,
        Classes = ClassFigures.Of(scored.Evaluation),
        Confusions = Confusion.Most(scored.Evaluation, Confusion.MostShown),
        Calibration = Calibration.Of(scored.Rows),
        CoverageTable = Coverage.Table(scored.Rows),
        CoverageCurve = Coverage.Curve(scored.Rows),
    };
}

/// <summary>An image of a report.</summary>
/// <param name="Position">Its row in the data.</param>
/// <param name="Image">As the network sees it.</param>
/// <param name="Truth">Its class.</param>
/// <param name="Prediction">What it was taken for; null where nothing was predicted.</param>
/// <param name="Probability">With which probability.</param>
public sealed record ShownImage(int Position, Thumbnail Image, string Truth, string? Prediction = null, float Probability = 0)
{
    /// <summary>The name of its file, with those of the folders in which it lies; null where it is no file.</summary>
    public string? File { get; init; }

    /// <summary>The image under the heat map of what the network looked at; null where that is not known.</summary>
    public Thumbnail? HeatMap { get; init; }

    public bool IsMistake => Prediction is not null && Prediction != Truth;
}
