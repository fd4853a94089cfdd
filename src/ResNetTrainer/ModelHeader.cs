using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.Data;
using ResNetMLNet.Data;
using ResNetMLNet.Network;
using ResNetMLNet.Scoring;

namespace ResNetMLNet;

/// <summary>What stands beside the weights in a saved model: model.json, readable by people and by any tool.</summary>
internal sealed record ModelHeader
{
    public const int CurrentVersion = 3;
    private const int VersionWithoutShifts = 2;

    /// <summary>1 for all that the first version knows, 2 for networks that it does not, 3 for scores of shifted images.</summary>
    public int FormatVersion { get; init; } = CurrentVersion;

    public required ResNetArchitecture Architecture { get; init; }

    public required int Channels { get; init; }

    public required int Height { get; init; }

    public required int Width { get; init; }

    public required bool Resizes { get; init; }

    public required ResizeMode ResizeMode { get; init; }

    // Null where pixels stay as they are.
    public float[]? PixelMean { get; init; }

    public float[]? PixelDeviation { get; init; }

    // Not in the files of the first days.
    public bool TestTimeFlip { get; init; }

    // Only where it says more than the one before.
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TestTimeAugmentation? TestTimeAugmentation { get; init; }

    // Nor was this; null is the default.
    public int? MaximumImagePixels { get; init; }

    public required string[] ClassNames { get; init; }

    public required string FeatureColumnName { get; init; }

    // Not in the files of the first days.
    public FeatureKind FeatureKind { get; init; }

    public required string ScoreColumnName { get; init; }

    public required string PredictedLabelColumnName { get; init; }

    /// <summary>The SHA-256 of weights.safetensors in hexadecimal digits; not in the files of the first days.</summary>
    public string? WeightsSha256 { get; init; }

    // Not in the files of the first days: ML.NET's default stands for it.
    public string? LabelColumnName { get; init; }

    public required TrainingSummary Training { get; init; }

    [JsonIgnore]
    public ImageShape InputShape => new(Channels, Height, Width);

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

    /// <exception cref="InvalidDataException">They are not those of pixels.</exception>
    public PixelStatistics? ToStatistics()
    {
        try
        {
            return PixelMean is null && PixelDeviation is null ? null : new(PixelMean ?? [], PixelDeviation ?? []);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException("pixelMean and pixelDeviation are no statistics of pixels", e);
        }
    }

    public static ModelHeader Of(ResNetModel model, ScoringColumns columns, string weightsSha256) => new()
    {
        FormatVersion = model.TestTimeAugmentation == ResNetMLNet.TestTimeAugmentation.FlipAndShift ? CurrentVersion
            : model.Architecture.IsOfFirstVersion && model.PixelStatistics is null ? 1
            : VersionWithoutShifts,
        Architecture = model.Architecture,
        Channels = model.ImageChannels,
        Height = model.ImageHeight,
        Width = model.ImageWidth,
        Resizes = model.Network.Format.Resizes,
        ResizeMode = model.Network.Format.ResizeMode,
        PixelMean = model.PixelStatistics?.Mean.ToArray(),
        PixelDeviation = model.PixelStatistics?.Deviation.ToArray(),
        TestTimeFlip = model.TestTimeFlip,
        TestTimeAugmentation = model.TestTimeAugmentation == ResNetMLNet.TestTimeAugmentation.FlipAndShift
            ? model.TestTimeAugmentation
            : null,
        MaximumImagePixels = model.Network.Format.MaximumPixels,
        ClassNames = [.. model.ClassNames],
        FeatureColumnName = columns.Feature,
        FeatureKind = columns.FeatureKind,
        ScoreColumnName = columns.Score,
        PredictedLabelColumnName = columns.PredictedLabel,
        WeightsSha256 = weightsSha256,
        LabelColumnName = columns.Label,
        Training = model.Training,
    };
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    WriteIndented = true,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(ModelHeader))]
internal sealed partial class ModelJson : JsonSerializerContext;
