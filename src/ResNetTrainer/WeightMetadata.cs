using ResNetMLNet.Formats;

namespace ResNetMLNet;

/// <summary>The texts that stand beside exported weights.</summary>
internal static class WeightMetadata
{
    private const string Architecture = "architecture";
    private const string Mean = "mean";
    private const string Deviation = "deviation";

    public static Dictionary<string, string> Of(ResNetModel model)
    {
        var texts = new Dictionary<string, string>
        {
            ["format"] = "pt",
            [Architecture] = model.Architecture.Name,
            ["classes"] = JsonText.Of(model.ClassNames),
        };
        if (model.PixelStatistics is { } statistics)
        {
            (texts[Mean], texts[Deviation]) = (JsonText.Of(statistics.Mean), JsonText.Of(statistics.Deviation));
        }

        return texts;
    }

    /// <summary>What the weights were trained to see; null where another program wrote them.</summary>
    /// <exception cref="InvalidDataException">The texts are damaged.</exception>
    public static PixelStatistics? StatisticsOf(IReadOnlyDictionary<string, string> texts)
    {
        if (!texts.ContainsKey(Architecture))
        {
            return null;
        }

        if (!texts.TryGetValue(Mean, out var mean) || !texts.TryGetValue(Deviation, out var deviation))
        {
            return PixelStatistics.None;
        }

        try
        {
            return new(JsonText.ToNumbers(mean), JsonText.ToNumbers(deviation));
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException(
                $"its metadata have the mean {mean} and the deviation {deviation}, which are no statistics of pixels", e);
        }
    }
}
