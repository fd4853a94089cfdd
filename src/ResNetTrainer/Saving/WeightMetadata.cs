using System.Globalization;
using ResNetMLNet.Data;
using ResNetMLNet.Formats;
using ResNetMLNet.Scoring;
using ResNetMLNet.Scoring.Engines;

namespace ResNetMLNet.Saving;

/// <summary>What stands beside exported weights: texts, and a mean image as a tensor of its own.</summary>
internal static class WeightMetadata
{
    /// <summary>The mean image that is subtracted from images: (channels, height, width).</summary>
    public const string MeanImage = "mean_image";

    private const string Architecture = OnnxModel.Architecture;
    private const string Classes = "classes";
    private const string Mean = "mean";
    private const string Deviation = "deviation";
    private const string LargestPixel = OnnxModel.LargestPixel;

    /// <summary>Writes a network's weights and what belongs to them.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="network">The network.</param>
    /// <param name="temperature">What its linear layer has been divided by, to be told; null for nothing.</param>
    public static void Write(Stream stream, TrainedNetwork network, double? temperature = null)
    {
        var texts = new Dictionary<string, string> { ["format"] = "pt", [Architecture] = network.Plan.Architecture.Name };
        if (network.Plan.Head is not null)
        {
            texts[Classes] = JsonText.Of(network.ClassNames);
        }

        if (temperature is { } divisor)
        {
            texts["temperature"] = divisor.ToString(CultureInfo.InvariantCulture);
        }

        if (network.Plan.Statistics is { } statistics)
        {
            (texts[Mean], texts[Deviation]) = (JsonText.Of(statistics.Mean), JsonText.Of(statistics.Deviation));
        }

        foreach (var (key, value) in OnnxModel.TextsOf(network.Pixels))
        {
            texts[key] = value;
        }

        SafeTensors.Write(stream, With(network.Weights, network.Plan.Statistics), texts);
    }

    /// <summary>The classes of an exported network, safetensors or ONNX; null where another program wrote the file.</summary>
    public static IReadOnlyList<string>? ClassNames(IReadOnlyDictionary<string, string> texts) =>
        IsOwn(texts) ? NamesOf(texts) : null;

    /// <summary>
    /// Between which values the pixels were that an exported network was trained on; null where another program wrote the file, or a
    /// version that did not say.
    /// </summary>
    public static PixelRange? PixelsOf(IReadOnlyDictionary<string, string> texts) =>
        IsOwn(texts) && Number(texts, LargestPixel) is { } largest and >= 0
            ? new(Number(texts, OnnxModel.SmallestPixel) is { } smallest and <= 0 ? smallest : null, largest)
            : null;

    /// <summary>Takes the mean image from among the tensors of a file; null where there is none.</summary>
    /// <exception cref="InvalidDataException">It is no image.</exception>
    public static MeanImage? TakeMeanImage(ref NamedTensors tensors)
    {
        if (!tensors.Tensors.TryGetValue(MeanImage, out var image))
        {
            return null;
        }

        tensors = tensors.Where(name => name != MeanImage);
        try
        {
            return image.Shape is [1 or 3, var height and > 0, var width and > 0]
                ? new(checked((int)height), checked((int)width), image.Data)
                : throw new InvalidDataException($"the tensor '{MeanImage}' has the shape {image.ShapeText}, which is no image's");
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"the tensor '{MeanImage}' is no image of finite values", e);
        }
    }

    /// <summary>
    /// What the weights of a file were trained to see, whose mean image is taken from among its tensors; null where another program wrote
    /// the file.
    /// </summary>
    /// <exception cref="InvalidDataException">The texts or the mean image are damaged.</exception>
    public static PixelStatistics? TakeStatistics(IReadOnlyDictionary<string, string> texts, ref NamedTensors tensors)
    {
        if (!IsOwn(texts))
        {
            return null;
        }

        if (!texts.TryGetValue(Mean, out var mean) || !texts.TryGetValue(Deviation, out var deviation))
        {
            return PixelStatistics.None;
        }

        try
        {
            var deviations = JsonText.ToNumbers(deviation);
            return TakeMeanImage(ref tensors) is { } image ? new(image, deviations) : new(JsonText.ToNumbers(mean), deviations);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException(
                $"its metadata have the mean {mean} and the deviation {deviation}, which are no statistics of pixels", e);
        }
    }

    /// <summary>Weights and the mean image that belongs to them, where there is one.</summary>
    public static NamedTensors With(NamedTensors weights, PixelStatistics? statistics)
    {
        if (statistics?.MeanImage is not { } image)
        {
            return weights;
        }

        var tensors = weights.Where(_ => true);
        tensors.Add(MeanImage, [image.Channels, image.Height, image.Width], image.Values);
        return tensors;
    }

    // Others name their network too. A classifier has always had its classes beside that, in JSON; features had what they see, if anything.
    private static bool IsOwn(IReadOnlyDictionary<string, string> texts) => texts.ContainsKey(Architecture)
        && (NamesOf(texts) is not null || texts.ContainsKey(Deviation) || texts.ContainsKey(LargestPixel));

    private static float? Number(IReadOnlyDictionary<string, string> texts, string key) =>
        float.TryParse(texts.GetValueOrDefault(key), CultureInfo.InvariantCulture, out var number) && float.IsFinite(number)
            ? number
            : null;

    private static IReadOnlyList<string>? NamesOf(IReadOnlyDictionary<string, string> texts) =>
        (texts.GetValueOrDefault(Classes) ?? texts.GetValueOrDefault(OnnxModel.ClassNames)) is { } names ? JsonText.ToTexts(names) : null;
}
