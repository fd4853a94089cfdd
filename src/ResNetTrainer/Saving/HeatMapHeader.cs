namespace ResNetMLNet.Saving;

/// <summary>What is saved of a heat map transformer besides its network.</summary>
internal sealed record HeatMapHeader
{
    public const int CurrentVersion = 1;

    public int FormatVersion { get; init; } = CurrentVersion;

    public required string HeatMapColumnName { get; init; }

    public required string FeatureColumnName { get; init; }

    public string? ImageColumnName { get; init; }

    public string? ClassName { get; init; }
}
