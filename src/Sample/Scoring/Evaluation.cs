using System.Text.Json.Serialization;

namespace ResNetMLNet.Sample.Scoring;

/// <summary>The result of evaluate; --json prints its members in this order.</summary>
public sealed record Evaluation
{
    /// <summary>The number of images that were evaluated.</summary>
    public required long Images { get; init; }

    /// <summary>The share of images that were given their class.</summary>
    public required double Accuracy { get; init; }

    /// <summary>The mean of the classes' own accuracies.</summary>
    public required double MacroAccuracy { get; init; }

    /// <summary>The mean cross-entropy, in nats.</summary>
    public required double LogLoss { get; init; }

    /// <summary>The model's classes.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>For each true class, the number of images given each class.</summary>
    public required long[][] Confusion { get; init; }

    /// <summary>The classes that the model does not know, and the number of images in each: they are not evaluated.</summary>
    public required IReadOnlyDictionary<string, long> LeftOut { get; init; }

    /// <summary>How many images were left out because they cannot be read; null where nobody asked for that.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Unreadable { get; init; }

    /// <summary>The images that the model gives no class; null where it gives each image one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Rejection? Rejected { get; init; }

    /// <summary>A line about what was left out; null where nothing was.</summary>
    public string? Note() => LeftOut.Count == 0
        ? null
        : $"left out: {LeftOut.Values.Sum():N0} images of {PlainText.List([.. LeftOut.Keys])}, which the model does not know";
}

/// <summary>
/// The images that a model gives no class, since none is likely enough. The figures of all images count them with their likeliest class.
/// </summary>
public sealed record Rejection
{
    /// <summary>The least probability with which the model gives a class.</summary>
    public required double Below { get; init; }

    /// <summary>The images without a class.</summary>
    public required long Images { get; init; }

    /// <summary>The share of the others that were given their class; null where there are no others.</summary>
    public required double? AccuracyOfOthers { get; init; }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Images:N0} below {Below:G4}")
        + (AccuracyOfOthers is { } accuracy ? FormattableString.Invariant($"; accuracy of the others {accuracy:F4}") : "");
}
