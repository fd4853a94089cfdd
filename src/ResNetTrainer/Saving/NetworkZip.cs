using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;
using ResNetMLNet.Scoring;

namespace ResNetMLNet.Saving;

/// <summary>What all saved networks have in their folder of ML.NET's model zip: model.json (the header) and weights.safetensors.</summary>
internal static class NetworkZip
{
    public const string HeaderEntry = "model.json";
    public const string WeightsEntry = "weights.safetensors";

    /// <summary>
    /// How ML.NET finds what loads a folder. The assembly is named with a version that never changes, so that newer versions of the library
    /// are found.
    /// </summary>
    public static VersionInfo Version(string modelSignature, string loaderSignature) => new(
        modelSignature: modelSignature,
        verWrittenCur: 0x00010001,
        verReadableCur: 0x00010001,
        verWeCanReadBack: 0x00010001,
        loaderSignature: loaderSignature,
        loaderAssemblyName: typeof(NetworkZip).Assembly.FullName);

    /// <summary>Writes the weights; returns their SHA-256.</summary>
    public static string SaveWeights(ModelSaveContext zip, TrainedNetwork network, double? temperature = null)
    {
        using var hash = SHA256.Create();
        zip.SaveBinaryStream(WeightsEntry, writer =>
        {
            using var hashing = new CryptoStream(writer.BaseStream, hash, CryptoStreamMode.Write, leaveOpen: true);
            WeightMetadata.Write(hashing, network, temperature);
        });
        return Convert.ToHexStringLower(hash.Hash!);
    }

    /// <summary>Writes the header.</summary>
    /// <exception cref="InvalidOperationException">It is longer than any that is read.</exception>
    public static void SaveHeader<T>(IExceptionContext context, ModelSaveContext zip, T header, JsonTypeInfo<T> type)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(header, type);
        if (json.Length > ModelHeaderCheck.MostBytes)
        {
            throw context.Error(
                $"The names of the classes or columns are too long to save: with them {HeaderEntry} would have {json.Length} bytes, of at "
                + $"most {ModelHeaderCheck.MostBytes}. Give the label shorter values.");
        }

        zip.SaveBinaryStream(HeaderEntry, writer => writer.Write(json));
    }
}
