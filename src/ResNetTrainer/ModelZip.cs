using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.Data.Decoding;
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
        using var hash = SHA256.Create();
        zip.SaveBinaryStream(WeightsEntry, writer =>
        {
            using var hashing = new CryptoStream(writer.BaseStream, hash, CryptoStreamMode.Write, leaveOpen: true);
            model.ExportToSafeTensors(hashing);
        });
        var header = ModelHeader.Of(model, columns, Convert.ToHexStringLower(hash.Hash!));
        var json = JsonSerializer.SerializeToUtf8Bytes(header, ModelJson.Default.ModelHeader);
        if (json.Length > ModelHeaderCheck.MostBytes)
        {
            throw environment.Error(
                $"The names of the {header.ClassNames.Length} classes are too long to save: with them {HeaderEntry} would have "
                + $"{json.Length} bytes, of at most {ModelHeaderCheck.MostBytes}. Give the label shorter values.");
        }

        zip.SaveBinaryStream(HeaderEntry, writer => writer.Write(json));
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
        var header = Read(HeaderEntry, ReadHeader) ?? throw Damaged(environment, $"{HeaderEntry} is missing");
        var plan = new NetworkPlan(header.Architecture, header.InputShape, header.ClassNames.Length) { Statistics = header.ToStatistics() };
        var weights = Read(WeightsEntry, entry => ReadWeights(entry, plan, header.WeightsSha256))
            ?? throw Damaged(environment, $"{WeightsEntry} is missing");
        var keyValues = Read(KeyValuesEntry, entry => KeyValues.Read(environment, entry.ReadAll(ModelHeaderCheck.MostBytes), plan.Classes));
        CheckNames(environment, header.ClassNames, keyValues);
        var format = new InputFormat(header.InputShape, header.Resizes, header.ResizeMode)
        {
            MaximumPixels = header.MaximumImagePixels ?? EncodedImage.DefaultMaximumPixels,
        };
        var network = new TrainedNetwork(plan, weights, format, header.Views, keyValues);
        return (new(network, header.Training), header.Columns);

        // Null where there is no such entry.
        T? Read<T>(string name, Func<ModelEntry, T> read)
            where T : class
        {
            try
            {
                return ModelEntry.Find(zip, name) is { } entry ? read(entry) : null;
            }
            catch (NewerFormatException e)
            {
                throw environment.Error(
                    e, $"The model was saved by a newer version of ResNetMLNet ({e.Message}). Update the package ResNetMLNet.");
            }
            catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
            {
                throw Damaged(environment, $"{name}: {e.Message}", e);
            }
        }
    }

    private static ModelHeader ReadHeader(ModelEntry entry)
    {
        var json = entry.ReadAll(ModelHeaderCheck.MostBytes);
        var header = VersionedJson.Read(json, ModelJson.Default.ModelHeader, ModelHeader.CurrentVersion, out var version);
        header = version == 1 ? header.FromFirstVersion() : header;
        header.Check();
        return header;
    }

    // The network says how large its weights are before any of them is read.
    private static NamedTensors ReadWeights(ModelEntry entry, NetworkPlan plan, string? sha256)
    {
        entry.CheckLength(plan.ByteCount, plan.ByteCount + SafeTensors.LongestHeader);
        var weights = entry.Read(SafeTensors.Read, sha256);
        return plan.Rejects(weights, out var problem) ? throw new InvalidDataException(problem) : weights;
    }

    private static void CheckNames(IHostEnvironment environment, string[] names, KeyValues? keyValues)
    {
        var values = KeyValues.NamesOf(keyValues, names.Length);
        for (var i = 0; i < names.Length; i++)
        {
            if (names[i] != values[i])
            {
                throw Damaged(environment, keyValues is null
                    ? $"{KeyValuesEntry} is missing"
                    : $"class {i} is '{names[i]}' in {HeaderEntry} and '{values[i]}' in {KeyValuesEntry}");
            }
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
