using ResNetMLNet.Scoring;

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

    /// <exception cref="InvalidDataException">A value is none that there can be.</exception>
    public void Check(TrainedNetwork network)
    {
        var problem = FormatVersion < 1 ? $"formatVersion is {FormatVersion}"
            : string.IsNullOrWhiteSpace(HeatMapColumnName) ? "heatMapColumnName is empty"
            : string.IsNullOrWhiteSpace(FeatureColumnName) ? "featureColumnName is empty"
            : ImageColumnName is not null && string.IsNullOrWhiteSpace(ImageColumnName) ? "imageColumnName is empty"
            : ImageColumnName == HeatMapColumnName ? "heatMapColumnName and imageColumnName are the same"
            : ClassName is not null && !network.ClassNames.Contains(ClassName)
                ? $"className is '{ClassName}', which the model does not know"
            : null;
        if (problem is not null)
        {
            throw new InvalidDataException(problem);
        }
    }
}
