namespace ResNetMLNet.Sample.Commands;

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

    /// <summary>A line about what was left out; null where nothing was.</summary>
    public string? Note() => LeftOut.Count == 0
        ? null
        : $"left out: {LeftOut.Values.Sum():N0} images of {Rendering.PlainText.List([.. LeftOut.Keys])}, which the model does not know";
}
