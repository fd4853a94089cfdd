using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ResNetMLNet.Formats;

namespace ResNetMLNet.Training.Checkpoints;

/// <summary>
/// A checkpoint in one safetensors file: tensors named network.*, velocity.*, best.*, epoch.*, average.* and pruning.*; in the
/// metadata, the state of training and what it belongs to as JSON, and a SHA-256 of it all.
/// </summary>
internal static class CheckpointFile
{
    // 2: the identity says image where 1 said picture. 3: there may be an average. 4: there may be losses of images.
    private const int FormatVersion = 4;
    private const int VersionWithoutPruning = 3;
    private const int VersionWithoutAverage = 2;
    private static readonly string[] _parts = ["network.", "velocity.", "best.", "epoch.", "average.", "pruning."];

    public static void Write(string path, Checkpoint checkpoint, IReadOnlyDictionary<string, string> identity) =>
        AtomicFile.Write(path, stream => Write(stream, checkpoint, identity));

    public static void Write(Stream stream, Checkpoint checkpoint, IReadOnlyDictionary<string, string> identity)
    {
        var tensors = new NamedTensors();
        NamedTensors?[] parts =
        [
            checkpoint.Network, checkpoint.Velocity, checkpoint.Best, checkpoint.LastEpoch, checkpoint.Average, checkpoint.Pruning,
        ];
        foreach (var (prefix, part) in _parts.Zip(parts))
        {
            foreach (var (name, values) in part?.Tensors ?? new Dictionary<string, NamedTensors.Values>())
            {
                tensors.Add(prefix + name, values.Shape, values.Data);
            }
        }

        var json = JsonSerializer.Serialize(
            new()
            {
                FormatVersion = checkpoint.Pruning is not null ? FormatVersion
                    : checkpoint.Average is not null ? VersionWithoutPruning
                    : VersionWithoutAverage,
                Step = checkpoint.Step,
                MetricSums = checkpoint.MetricSums,
                Seconds = checkpoint.Seconds,
                History = checkpoint.History,
                BestEpoch = checkpoint.BestEpoch,
                Identity = identity.ToDictionary(),
            },
            CheckpointJson.Default.CheckpointHeader);
        SafeTensors.Write(stream, tensors, new Dictionary<string, string>
        {
            ["checkpoint"] = json,
            ["sha256"] = tensors.Fingerprint(json),
        });
    }

    /// <exception cref="InvalidDataException">The file is damaged or from a newer version; the message says how.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static (Checkpoint Checkpoint, IReadOnlyDictionary<string, string> Identity) Read(string path)
    {
        using var stream = File.OpenRead(path);
        return Read(stream);
    }

    /// <exception cref="InvalidDataException">The file is damaged or from a newer version; the message says how.</exception>
    public static (Checkpoint Checkpoint, IReadOnlyDictionary<string, string> Identity) Read(Stream stream)
    {
        var tensors = SafeTensors.Read(stream, out var metadata);
        if (!metadata.TryGetValue("checkpoint", out var json) || !metadata.TryGetValue("sha256", out var hash))
        {
            throw new InvalidDataException("it is a safetensors file, but not a checkpoint");
        }

        if (tensors.Fingerprint(json) != hash)
        {
            throw new InvalidDataException("its content is not what was written");
        }

        var header = VersionedJson.Read(json, CheckpointJson.Default.CheckpointHeader, FormatVersion, out var version);
        if (header.Identity.Values.Any(word => word is null))
        {
            throw new InvalidDataException("what it belongs to is left out");
        }

        var parts = _parts.Select(tensors.Under).ToArray();
        return (
            new()
            {
                Step = header.Step,
                MetricSums = header.MetricSums,
                Seconds = header.Seconds,
                History = header.History,
                BestEpoch = header.BestEpoch,
                Network = parts[0],
                Velocity = parts[1],
                Best = OrNull(parts[2]),
                LastEpoch = OrNull(parts[3]),
                Average = OrNull(parts[4]),
                Pruning = OrNull(parts[5]),
            },
            version == 1 ? FromVersion1(header.Identity) : header.Identity);
    }

    private static Dictionary<string, string> FromVersion1(Dictionary<string, string> identity)
    {
        var words = identity.ToDictionary(
            entry => entry.Key switch
            {
                "pictures" => "images",
                "SmallestPictures" => nameof(TrainingPlan.InitialImageScale),
                var key => key,
            },
            entry => entry.Value.Replace(" pictures of fingerprint ", " images of fingerprint "));

        // The book's network had the name that torchvision's has now.
        if (words.GetValueOrDefault("architecture") is { } network
            && network.StartsWith($"{ResNetArchitecture.ResNet18.Name} (Basic, {ResNetSkip.Convolution}, ", StringComparison.Ordinal))
        {
            words["architecture"] = network.Replace(ResNetArchitecture.ResNet18.Name, ResNetArchitecture.BookResNet18.Name);
        }

        // A batch of more images than there are was not called by their number yet.
        if (int.TryParse(words.GetValueOrDefault(nameof(TrainingPlan.BatchSize)), CultureInfo.InvariantCulture, out var batch)
            && int.TryParse(words.GetValueOrDefault("the training data")?.Split(' ')[0], CultureInfo.InvariantCulture, out var images))
        {
            words[nameof(TrainingPlan.BatchSize)] = Math.Min(batch, images).ToString(CultureInfo.InvariantCulture);
        }

        return words;
    }

    private static NamedTensors? OrNull(NamedTensors part) => part.Tensors.Count == 0 ? null : part;
}

internal sealed record CheckpointHeader
{
    public required int FormatVersion { get; init; }

    public required long Step { get; init; }

    [JsonPropertyName("tally")]
    public required double[] MetricSums { get; init; }

    public required double Seconds { get; init; }

    public required EpochMetrics[] History { get; init; }

    public int? BestEpoch { get; init; }

    public required Dictionary<string, string> Identity { get; init; }
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    WriteIndented = true,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(CheckpointHeader))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class CheckpointJson : JsonSerializerContext;
