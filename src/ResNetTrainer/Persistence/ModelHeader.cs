using System.Text.Json;
using System.Text.Json.Serialization;

namespace ResNetMLNet.Persistence;

/// <summary>What stands beside the weights in a saved model: model.json, readable by people and by any tool.</summary>
internal sealed record ModelHeader
{
    /// <summary>To be raised when an older reader would misunderstand a newer file.</summary>
    public const int CurrentVersion = 1;

    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter() },
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public int FormatVersion { get; init; } = CurrentVersion;

    public required ResNetArchitecture Architecture { get; init; }

    public required int Channels { get; init; }

    public required int Height { get; init; }

    public required int Width { get; init; }

    public required bool Resizes { get; init; }

    public required ResizeMode ResizeMode { get; init; }

    // Not in the files of the first days.
    public bool TestTimeFlip { get; init; }

    public required string[] ClassNames { get; init; }

    public required string FeatureColumnName { get; init; }

    public required string ScoreColumnName { get; init; }

    public required string PredictedLabelColumnName { get; init; }

    public required TrainingSummary Training { get; init; }
}
