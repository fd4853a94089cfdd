using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Formats;
using ResNetMLNet.Scoring;

namespace ResNetMLNet.Saving;

/// <summary>
/// A heat map transformer in ML.NET's model zip: its network as <see cref="ModelZip"/> has it, and beside it heatmap.json.
/// </summary>
internal static class HeatMapZip
{
    public const string LoaderSignature = "ResNetHeatMaps";
    private const string HeaderEntry = "heatmap.json";
    private const int MostBytes = 1 << 20;

    public static void Save(
        IHostEnvironment environment, ModelSaveContext zip, TrainedNetwork network, TrainingSummary training, HeatMapHeader header)
    {
        // The other columns are not used; a header has them.
        var columns = new ScoringColumns(
            header.FeatureColumnName, DefaultColumnNames.Score, DefaultColumnNames.PredictedLabel, DefaultColumnNames.Label);
        ModelZip.Save(environment, zip, network, training, columns, LoaderSignature);
        zip.SaveBinaryStream(
            HeaderEntry, writer => writer.Write(JsonSerializer.SerializeToUtf8Bytes(header, ModelJson.Default.HeatMapHeader)));
    }

    /// <exception cref="InvalidOperationException">The transformer is damaged or from a newer version.</exception>
    public static (TrainedNetwork Network, TrainingSummary Training, HeatMapHeader Header) Load(
        IHostEnvironment environment, ModelLoadContext zip)
    {
        var (network, training, _) = ModelZip.Load(environment, zip, LoaderSignature);
        var header = new NetworkZipReader(environment, zip).Require(HeaderEntry, entry =>
        {
            var header = VersionedJson.Read(
                entry.ReadAll(MostBytes), ModelJson.Default.HeatMapHeader, HeatMapHeader.CurrentVersion, out _);
            header.Check(network);
            return header;
        });
        return (network, training, header);
    }
}
