using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.Hosting;
using ResNetMLNet.Network;

namespace ResNetMLNet.Persistence;

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

    public static void Save(IHostEnvironment environment, ModelSaveContext zip, ModelHeader header, ResNetModel model)
    {
        zip.CheckAtModel();
        zip.SetVersionInfo(Version());
        zip.SaveTextStream(HeaderEntry, writer => writer.Write(JsonSerializer.Serialize(header, ModelHeader.Json)));
        zip.SaveBinaryStream(WeightsEntry, writer => model.ExportToSafeTensors(writer.BaseStream));
        if (model.KeyValues is { } keyValues)
        {
            zip.SaveBinaryStream(KeyValuesEntry, writer => keyValues.Write(environment, writer.BaseStream));
        }
    }

    /// <exception cref="InvalidOperationException">The model is damaged or from a newer version.</exception>
    public static (ModelHeader Header, ResNetModel Model) Load(IHostEnvironment environment, ModelLoadContext zip)
    {
        MLNet.CheckVersion(environment);
        zip.CheckAtModel(Version());
        var json = "";
        if (!zip.TryLoadTextStream(HeaderEntry, reader => json = reader.ReadToEnd()))
        {
            throw Damaged(environment, $"{HeaderEntry} is missing");
        }

        var header = ReadHeader(environment, json);
        var plan = new NetworkPlan(header.Architecture, header.Channels, header.ClassNames.Length);
        var format = new InputFormat(new(header.Channels, header.Height, header.Width), header.Resizes, header.ResizeMode);
        try
        {
            NetworkWeights? weights = null;
            KeyValues? keyValues = null;
            if (!zip.TryLoadBinaryStream(WeightsEntry, reader => weights = SafeTensors.Read(reader.BaseStream)))
            {
                throw Damaged(environment, $"{WeightsEntry} is missing");
            }

            if (weights!.Differs(plan, out var difference))
            {
                throw Damaged(environment, $"in {WeightsEntry}, {difference}");
            }

            zip.TryLoadBinaryStream(KeyValuesEntry, reader => keyValues = KeyValues.Read(environment, reader.BaseStream));
            return (header, new(plan, weights, format, header.TestTimeFlip, keyValues, header.Training));
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
            using var document = JsonDocument.Parse(json);
            var version = document.RootElement.GetProperty("formatVersion").GetInt32();
            if (version > ModelHeader.CurrentVersion)
            {
                throw environment.Error(
                    $"The model was saved by a newer version of ResNetMLNet (format {version}; this one reads up to {ModelHeader.CurrentVersion}). "
                    + "Update the package ResNetMLNet.");
            }

            return JsonSerializer.Deserialize<ModelHeader>(json, ModelHeader.Json)!;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or FormatException)
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
