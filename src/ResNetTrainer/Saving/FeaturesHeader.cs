using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using ResNetMLNet.Scoring;

namespace ResNetMLNet.Saving;

/// <summary>What stands beside the weights in a saved transformer of images to features.</summary>
internal sealed record FeaturesHeader : NetworkHeader
{
    public const int CurrentVersion = 1;

    public FeaturesHeader()
    {
    }

    [SetsRequiredMembers]
    public FeaturesHeader(TrainedNetwork network, FeaturesColumns columns, string weightsSha256)
        : base(network, weightsSha256)
    {
        FormatVersion = CurrentVersion;
        (InputColumnName, OutputColumnName) = (columns.Input, columns.Output);
    }

    public required string InputColumnName { get; init; }

    public required string OutputColumnName { get; init; }

    [JsonIgnore]
    public FeaturesColumns Columns => new(InputColumnName, OutputColumnName);
}
