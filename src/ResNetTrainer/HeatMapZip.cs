using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Formats;
using ResNetMLNet.Scoring;

namespace ResNetMLNet;

/// <summary>
/// A heat map transformer in ML.NET's model zip: its network as <see cref="ModelZip"/> has it, and beside it heatmap.json.
/// </summary>
internal static class HeatMapZip
{
    public const string LoaderSignature = "ResNetHeatMaps";
    private const string HeaderEntry = "heatmap.json";
    private const int MostBytes = 1 << 20;

    public static void Save(IHostEnvironment environment, ModelSaveContext zip, ResNetModel model, HeatMapHeader header)
    {
        // The other columns are not used; a header has them.
        var columns = new ScoringColumns(
            header.FeatureColumnName, DefaultColumnNames.Score, DefaultColumnNames.PredictedLabel, DefaultColumnNames.Label);
        ModelZip.Save(environment, zip, model, columns, LoaderSignature);
        zip.SaveBinaryStream(
            HeaderEntry, writer => writer.Write(JsonSerializer.SerializeToUtf8Bytes(header, ModelJson.Default.HeatMapHeader)));
    }

    /// <exception cref="InvalidOperationException">The transformer is damaged or from a newer version.</exception>
    public static (ResNetModel Model, HeatMapHeader Header) Load(IHostEnvironment environment, ModelLoadContext zip)
    {
        var (model, _) = ModelZip.Load(environment, zip, LoaderSignature);
        var header = new NetworkZipReader(environment, zip).Require(HeaderEntry, entry =>
        {
            var header = VersionedJson.Read(
                entry.ReadAll(MostBytes), ModelJson.Default.HeatMapHeader, HeatMapHeader.CurrentVersion, out _);
            header.Check(model);
            return header;
        });
        return (model, header);
    }
}

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
    public void Check(ResNetModel model)
    {
        var problem = FormatVersion < 1 ? $"formatVersion is {FormatVersion}"
            : string.IsNullOrWhiteSpace(HeatMapColumnName) ? "heatMapColumnName is empty"
            : string.IsNullOrWhiteSpace(FeatureColumnName) ? "featureColumnName is empty"
            : ImageColumnName is not null && string.IsNullOrWhiteSpace(ImageColumnName) ? "imageColumnName is empty"
            : ImageColumnName == HeatMapColumnName ? "heatMapColumnName and imageColumnName are the same"
            : ClassName is not null && !model.ClassNames.Contains(ClassName) ? $"className is '{ClassName}', which the model does not know"
            : null;
        if (problem is not null)
        {
            throw new InvalidDataException(problem);
        }
    }
}
