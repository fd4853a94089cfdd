using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.MLNet;
using ResNetMLNet.Scoring;

namespace ResNetMLNet.Saving;

/// <summary>
/// A classifier in ML.NET's model zip. In its folder: model.json (the header), weights.safetensors, and the values of the
/// label's key as ML.NET writes them.
/// </summary>
internal static class ModelZip
{
    public const string LoaderSignature = "ResNetTransformer";
    private const string KeyValuesEntry = "KeyValues.bin";

    public static void Save(
        IHostEnvironment environment,
        ModelSaveContext zip,
        TrainedNetwork network,
        TrainingSummary training,
        ScoringColumns columns,
        string signature = LoaderSignature)
    {
        zip.CheckAtModel();
        zip.SetVersionInfo(Version(signature));
        var weightsSha256 = NetworkZip.SaveWeights(zip, network, training.Calibration?.Temperature);
        var header = new ModelHeader(network, training, columns, weightsSha256);
        NetworkZip.SaveHeader(environment, zip, header, ModelJson.Default.ModelHeader);
        if (network.KeyValues is { } keyValues)
        {
            zip.SaveBinaryStream(KeyValuesEntry, writer => keyValues.Write(environment, writer.BaseStream));
        }
    }

    /// <exception cref="InvalidOperationException">The model is damaged or from a newer version.</exception>
    public static (TrainedNetwork Network, TrainingSummary Training, ScoringColumns Columns) Load(
        IHostEnvironment environment, ModelLoadContext zip, string signature = LoaderSignature)
    {
        Internals.CheckVersion(environment);
        zip.CheckAtModel(Version(signature));
        var reader = new NetworkZipReader(environment, zip);
        var header = reader.ReadHeader(ModelJson.Default.ModelHeader, ModelHeader.CurrentVersion, Checked);
        var classes = header.ClassNames.Length;
        var (plan, weights) = reader.ReadNetwork(header, classes);
        var keyValues = reader.Read(
            KeyValuesEntry, entry => KeyValues.Read(environment, entry.ReadAll(ModelHeaderCheck.MostBytes), classes));
        CheckNames(reader, header.ClassNames, keyValues);
        var network = new TrainedNetwork(plan, weights, header.Format, header.Views, keyValues)
        {
            Pixels = PixelRange.Of(header.FeatureKind) ?? header.Pixels,
            RejectBelow = header.RejectBelow,
        };
        return (network, header.Training, header.Columns);
    }

    private static ModelHeader Checked(ModelHeader header, int version)
    {
        header = version == 1 ? header.FromFirstVersion() : header;
        header.Check();
        return header;
    }

    private static void CheckNames(NetworkZipReader reader, string[] names, KeyValues? keyValues)
    {
        var values = KeyValues.NamesOf(keyValues, names.Length);
        for (var i = 0; i < names.Length; i++)
        {
            if (names[i] != values[i])
            {
                throw reader.Damaged(keyValues is null
                    ? $"{KeyValuesEntry} is missing"
                    : $"class {i} is '{names[i]}' in {NetworkZip.HeaderEntry} and '{values[i]}' in {KeyValuesEntry}");
            }
        }
    }

    private static VersionInfo Version(string signature) => NetworkZip.Version("RESNETML", signature);
}
