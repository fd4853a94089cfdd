using ResNetMLNet.Data.Decoding;
using ResNetMLNet.Network;
using ResNetMLNet.Scoring;

namespace ResNetMLNet.Saving;

/// <summary>
/// A header is believed only after this: whoever wrote the file, every value is one that this library could have written. Values that are
/// missing or null never get here (<see cref="ModelJson"/> refuses them).
/// </summary>
internal static class ModelHeaderCheck
{
    /// <summary>The longest header, and the longest file of class names: a million classes with names of some twenty letters.</summary>
    public const int MostBytes = 32 << 20;

    /// <exception cref="InvalidDataException">A value is none that a model can have; the message names it.</exception>
    public static void Check(this ModelHeader header)
    {
        Require(header.ClassNames.All(name => name is not null), "one of the classNames is null");
        Check(header, header.ClassNames.Length);
        Require(header.RejectBelow is null or (> 0 and < 1), $"rejectBelow is {header.RejectBelow}");
        Require(Enum.IsDefined(header.FeatureKind), $"featureKind is {(int)header.FeatureKind}, which is none");
        Require(
            header.TestTimeAugmentation is not { } views || Enum.IsDefined(views),
            $"testTimeAugmentation is {(int?)header.TestTimeAugmentation}, which is none");
        Name(header.FeatureColumnName, "featureColumnName");
        Name(header.ScoreColumnName, "scoreColumnName");
        Name(header.PredictedLabelColumnName, "predictedLabelColumnName");
        Name(header.Columns.Label, "labelColumnName");
        Require(header.PredictedLabelColumnName != header.ScoreColumnName, "predictedLabelColumnName and scoreColumnName are the same");
        Check(header.Training);
    }

    /// <inheritdoc cref="Check(ModelHeader)"/>
    public static void Check(this FeaturesHeader header)
    {
        Check(header, classes: null);
        Name(header.InputColumnName, "inputColumnName");
        Name(header.OutputColumnName, "outputColumnName");
    }

    /// <inheritdoc cref="Check(ModelHeader)"/>
    public static void Check(this HeatMapHeader header, TrainedNetwork network)
    {
        Version(header.FormatVersion);
        Name(header.HeatMapColumnName, "heatMapColumnName");
        Name(header.FeatureColumnName, "featureColumnName");
        if (header.ImageColumnName is { } image)
        {
            Name(image, "imageColumnName");
        }

        Require(header.ImageColumnName != header.HeatMapColumnName, "heatMapColumnName and imageColumnName are the same");
        Require(
            header.ClassName is null || network.ClassNames.Contains(header.ClassName),
            $"className is '{header.ClassName}', which the model does not know");
    }

    private static void Check(NetworkHeader header, int? classes)
    {
        Version(header.FormatVersion);
        var problem = NetworkLimits.ProblemOf(header.Architecture, header.InputShape, classes);
        Require(problem is null, problem);
        var statistics = header.ToStatistics();
        Require(statistics is null || statistics.Mean.Count == header.Channels, "pixelMean has not one value for each channel");
        Require(statistics is not null || !header.HasMeanImage, "there is a mean image (hasMeanImage), but no pixelDeviation");
        Require(Enum.IsDefined(header.ResizeMode), $"resizeMode is {(int)header.ResizeMode}, which is no way to resize");
        Require(
            header.MaximumImagePixels is null or (>= 1 and <= EncodedImage.LargestMaximumPixels),
            $"maximumImagePixels is {header.MaximumImagePixels}");
        Require(
            header.LargestPixel is null or (>= 0 and < float.PositiveInfinity),
            FormattableString.Invariant($"largestPixel is {header.LargestPixel}"));
        Require(
            header.SmallestPixel is null or (<= 0 and > float.NegativeInfinity),
            FormattableString.Invariant($"smallestPixel is {header.SmallestPixel}"));
    }

    private static void Check(TrainingSummary training)
    {
        Require(Enum.IsDefined(training.Recipe), $"recipe is {(int)training.Recipe}, which is none");
        Require(Enum.IsDefined(training.Outcome), $"outcome is {(int)training.Outcome}, which is none");
        Require(
            training.Calibration is null or { Temperature: > 0 and < double.PositiveInfinity },
            $"temperature is {training.Calibration?.Temperature}");
        Require(training.History.All(epoch => epoch is not null), "an epoch of the history is null");
    }

    private static void Version(int version) => Require(version >= 1, $"formatVersion is {version}");

    private static void Name(string name, string of) => Require(!string.IsNullOrWhiteSpace(name), $"{of} is empty");

    private static void Require(bool holds, string? problem)
    {
        if (!holds)
        {
            throw new InvalidDataException(problem);
        }
    }
}
