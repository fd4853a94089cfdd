using System.Text.Json.Serialization.Metadata;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Formats;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet.Saving;

/// <summary>Reads what <see cref="NetworkZip"/> writes, and refuses what it cannot have written.</summary>
internal sealed class NetworkZipReader(IHostEnvironment environment, ModelLoadContext zip)
{
    /// <summary>The header.</summary>
    /// <param name="type">What it is.</param>
    /// <param name="newest">The newest version that can be read.</param>
    /// <param name="check">Checks it, given its version, and returns it as today's.</param>
    public T ReadHeader<T>(JsonTypeInfo<T> type, int newest, Func<T, int, T> check)
        where T : NetworkHeader =>
        Require(NetworkZip.HeaderEntry, entry =>
            check(VersionedJson.Read(entry.ReadAll(ModelHeaderCheck.MostBytes), type, newest, out var version), version));

    /// <summary>The network and its weights.</summary>
    /// <param name="header">What it must be.</param>
    /// <param name="classes">The number of classes; null for a network without the linear layer.</param>
    public (NetworkPlan Plan, NamedTensors Weights) ReadNetwork(NetworkHeader header, int? classes)
    {
        PixelStatistics? statistics = null;
        var weights = Require(NetworkZip.WeightsEntry, entry => ReadWeights(entry, header, classes, out statistics));
        return (new(header.Architecture, header.InputShape, classes) { Statistics = statistics }, weights);
    }

    /// <summary>Reads an entry that must be there.</summary>
    /// <exception cref="InvalidOperationException">It is missing, damaged or from a newer version.</exception>
    public T Require<T>(string name, Func<ModelEntry, T> read)
        where T : class => Read(name, read) ?? throw Damaged($"{name} is missing");

    /// <summary>Reads an entry; null where there is none.</summary>
    /// <exception cref="InvalidOperationException">It is damaged or from a newer version.</exception>
    public T? Read<T>(string name, Func<ModelEntry, T> read)
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
            throw Damaged($"{name}: {e.Message}", e);
        }
    }

    public Exception Damaged(string problem, Exception? inner = null)
    {
        var message = $"The saved ResNet model is damaged: {problem}. Save it again, or take another copy.";
        return inner is null ? environment.Error(message) : environment.Error(inner, message);
    }

    // The network says how large its weights are before any of them is read.
    private static NamedTensors ReadWeights(ModelEntry entry, NetworkHeader header, int? classes, out PixelStatistics? statistics)
    {
        var plan = new NetworkPlan(header.Architecture, header.InputShape, classes);
        var size = plan.ByteCount + (header.HasMeanImage ? (long)header.InputShape.Count * sizeof(float) : 0);
        entry.CheckLength(size, size + SafeTensors.LongestHeader);
        var weights = entry.Read(SafeTensors.Read, header.WeightsSha256);
        statistics = header.ToStatistics(header.HasMeanImage ? TakeMeanImage(header, ref weights) : null);
        return plan.Rejects(weights, out var problem) ? throw new InvalidDataException(problem) : weights;
    }

    private static MeanImage TakeMeanImage(NetworkHeader header, ref NamedTensors weights)
    {
        var image = WeightMetadata.TakeMeanImage(ref weights)
            ?? throw new InvalidDataException($"the tensor '{WeightMetadata.MeanImage}' is missing");
        return new ImageShape(image.Channels, image.Height, image.Width) == header.InputShape
            ? image
            : throw new InvalidDataException(
                $"the tensor '{WeightMetadata.MeanImage}' is not of the size of the images that the network sees, {header.InputShape}");
    }
}
