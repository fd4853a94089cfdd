using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Formats;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;
using ResNetMLNet.Scoring;

namespace ResNetMLNet;

/// <summary>
/// A transformer in ML.NET's model zip. In its folder: model.json (the header), weights.safetensors, and the values of the
/// label's key as ML.NET writes them.
/// </summary>
internal static class ModelZip
{
    public const string LoaderSignature = "ResNetTransformer";
    private const string HeaderEntry = "model.json";
    private const string WeightsEntry = "weights.safetensors";
    private const string KeyValuesEntry = "KeyValues.bin";

    public static void Save(IHostEnvironment environment, ModelSaveContext zip, ResNetModel model, ScoringColumns columns)
    {
        zip.CheckAtModel();
        zip.SetVersionInfo(Version());
        var header = ModelHeader.Of(model, columns);
        zip.SaveTextStream(HeaderEntry, writer => writer.Write(JsonSerializer.Serialize(header, ModelJson.Default.ModelHeader)));
        zip.SaveBinaryStream(WeightsEntry, writer => model.ExportToSafeTensors(writer.BaseStream));
        if (model.Network.KeyValues is { } keyValues)
        {
            zip.SaveBinaryStream(KeyValuesEntry, writer => keyValues.Write(environment, writer.BaseStream));
        }
    }

    /// <exception cref="InvalidOperationException">The model is damaged or from a newer version.</exception>
    public static (ResNetModel Model, ScoringColumns Columns) Load(IHostEnvironment environment, ModelLoadContext zip)
    {
        Internals.CheckVersion(environment);
        zip.CheckAtModel(Version());
        var json = "";
        if (!zip.TryLoadTextStream(HeaderEntry, reader => json = reader.ReadToEnd()))
        {
            throw Damaged(environment, $"{HeaderEntry} is missing");
        }

        var header = ReadHeader(environment, json);
        var shape = new ImageShape(header.Channels, header.Height, header.Width);
        var plan = new NetworkPlan(header.Architecture, shape, header.ClassNames.Length);
        try
        {
            NamedTensors? weights = null;
            KeyValues? keyValues = null;
            if (!zip.TryLoadBinaryStream(WeightsEntry, reader => weights = SafeTensors.Read(reader.BaseStream)))
            {
                throw Damaged(environment, $"{WeightsEntry} is missing");
            }

            if (plan.Differs(weights!, out var difference))
            {
                throw Damaged(environment, $"in {WeightsEntry}, {difference}");
            }

            zip.TryLoadBinaryStream(KeyValuesEntry, reader => keyValues = KeyValues.Read(environment, reader.BaseStream));
            var network = new TrainedNetwork(plan, weights!, new(shape, header.Resizes, header.ResizeMode), header.TestTimeFlip, keyValues);
            return (new(network, header.Training), new(header.FeatureColumnName, header.ScoreColumnName, header.PredictedLabelColumnName));
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw Damaged(environment, $"{WeightsEntry}: {e.Message}", e);
        }
    }

    private static ModelHeader ReadHeader(IHostEnvironment environment, string json)
    {
        try
        {
            return VersionedJson.Read(json, ModelJson.Default.ModelHeader, ModelHeader.CurrentVersion, out _);
        }
        catch (NewerFormatException e)
        {
            throw environment.Error(e, $"The model was saved by a newer version of ResNetMLNet ({e.Message}). Update the package ResNetMLNet.");
        }
        catch (InvalidDataException e)
        {
            throw Damaged(environment, $"{HeaderEntry}: {e.Message}", e);
        }
    }

    private static Exception Damaged(IHostEnvironment environment, string problem, Exception? inner = null)
    {
        var message = $"The saved ResNet model is damaged: {problem}. Save it again, or take another copy.";
        return inner is null ? environment.Error(message) : environment.Error(inner, message);
    }

    // The assembly is named with a version that never changes, so that newer versions of the library are found.
    private static VersionInfo Version() => new(
        modelSignature: "RESNETML",
        verWrittenCur: 0x00010001,
        verReadableCur: 0x00010001,
        verWeCanReadBack: 0x00010001,
        loaderSignature: LoaderSignature,
        loaderAssemblyName: typeof(ModelZip).Assembly.FullName);
}
