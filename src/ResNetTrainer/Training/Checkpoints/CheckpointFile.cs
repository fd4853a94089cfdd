using System.Text.Json;
using ResNetMLNet.Network;
using ResNetMLNet.Persistence;

namespace ResNetMLNet.Training.Checkpoints;

/// <summary>
/// A checkpoint in one safetensors file: tensors named network.*, velocity.* and best.*; in the metadata, the state of training and what it
/// belongs to as JSON, and a SHA-256 of it all.
/// </summary>
internal static class CheckpointFile
{
    private const int FormatVersion = 1;
    private static readonly string[] _parts = ["network.", "velocity.", "best."];

    public static void Write(string path, Checkpoint checkpoint, IReadOnlyDictionary<string, string> identity)
    {
        var tensors = new NetworkWeights();
        foreach (var (prefix, part) in _parts.Zip([checkpoint.Network, checkpoint.Velocity, checkpoint.Best ?? new()]))
        {
            foreach (var (name, values) in part.Tensors)
            {
                tensors.Add(prefix + name, values.Shape, values.Data);
            }
        }

        var header = new Header(
            FormatVersion, checkpoint.Step, checkpoint.Tally, checkpoint.Seconds, checkpoint.History, checkpoint.BestEpoch, identity.ToDictionary());
        var json = JsonSerializer.Serialize(header, ModelHeader.Json);
        AtomicFile.Write(path, stream => SafeTensors.Write(stream, tensors, new Dictionary<string, string>
        {
            ["checkpoint"] = json,
            ["sha256"] = tensors.Fingerprint(json),
        }));
    }

    /// <exception cref="InvalidDataException">The file is damaged or from a newer version; the message says how.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static (Checkpoint Checkpoint, IReadOnlyDictionary<string, string> Identity) Read(string path)
    {
        using var stream = File.OpenRead(path);
        var tensors = SafeTensors.Read(stream, out var metadata);
        if (!metadata.TryGetValue("checkpoint", out var json) || !metadata.TryGetValue("sha256", out var hash))
        {
            throw new InvalidDataException("it is a safetensors file, but not a checkpoint");
        }

        if (tensors.Fingerprint(json) != hash)
        {
            throw new InvalidDataException("its content is not what was written");
        }

        var header = Parse(json);
        var parts = _parts.Select(prefix => Part(tensors, prefix)).ToArray();
        return (
            new()
            {
                Step = header.Step,
                Tally = header.Tally,
                Seconds = header.Seconds,
                History = header.History,
                BestEpoch = header.BestEpoch,
                Network = parts[0],
                Velocity = parts[1],
                Best = parts[2].Tensors.Count == 0 ? null : parts[2],
            },
            header.Identity);
    }

    private static Header Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var version = document.RootElement.GetProperty("formatVersion").GetInt32();
            return version <= FormatVersion
                ? document.Deserialize<Header>(ModelHeader.Json)!
                : throw new InvalidDataException($"it is of format {version}, from a newer version of ResNetMLNet; this one reads up to {FormatVersion}");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or FormatException)
        {
            throw new InvalidDataException($"its header cannot be read: {e.Message}", e);
        }
    }

    private static NetworkWeights Part(NetworkWeights tensors, string prefix)
    {
        var part = new NetworkWeights();
        foreach (var (name, values) in tensors.Tensors.Where(tensor => tensor.Key.StartsWith(prefix, StringComparison.Ordinal)))
        {
            part.Add(name[prefix.Length..], values.Shape, values.Data);
        }

        return part;
    }

    private sealed record Header(
        int FormatVersion,
        long Step,
        double[] Tally,
        double Seconds,
        EpochMetrics[] History,
        int? BestEpoch,
        Dictionary<string, string> Identity);
}
