using ResNetMLNet.Data;
using ResNetMLNet.Hosting;
using ResNetMLNet.Network;
using ResNetMLNet.Persistence;

namespace ResNetMLNet;

/// <summary>A trained residual network: architecture, weights, classes and how it came to be. Immutable; holds nothing native.</summary>
public sealed class ResNetModel
{
    internal ResNetModel(NetworkPlan plan, NetworkWeights weights, InputFormat format, KeyValues? keyValues, TrainingSummary training)
    {
        Plan = plan;
        Weights = weights;
        Format = format;
        KeyValues = keyValues;
        Training = training;
        ClassNames = keyValues?.Names ?? [.. Enumerable.Range(0, plan.Classes).Select(index => index.ToString(System.Globalization.CultureInfo.InvariantCulture))];
    }

    /// <summary>The network.</summary>
    public ResNetArchitecture Architecture => Plan.Architecture;

    /// <summary>The classes in the order of the scores. Where the label's key has no values, their numbers from 0, as ML.NET's evaluators have them.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>The channels of the pictures: 1 (grey) or 3 (red, green, blue).</summary>
    public int ImageChannels => Format.Shape.Channels;

    /// <summary>The height in pixels of the pictures that the network sees.</summary>
    public int ImageHeight => Format.Shape.Height;

    /// <summary>The width in pixels of the pictures that the network sees.</summary>
    public int ImageWidth => Format.Shape.Width;

    /// <summary>The number of trained parameters; running statistics are not among them.</summary>
    public long ParameterCount => Plan.ParameterCount;

    /// <summary>How the model was trained.</summary>
    public TrainingSummary Training { get; }

    /// <summary>What each epoch of training came to.</summary>
    public IReadOnlyList<EpochMetrics> History => Training.History;

    internal NetworkPlan Plan { get; }

    internal NetworkWeights Weights { get; }

    internal InputFormat Format { get; }

    internal KeyValues? KeyValues { get; }

    /// <summary>
    /// Writes the weights in safetensors format (https://huggingface.co/docs/safetensors) under PyTorch's names, as
    /// torchvision has them where the networks agree. An existing file is replaced, and only by a whole one.
    /// </summary>
    /// <param name="path">The file to write.</param>
    public void ExportToSafeTensors(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        AtomicFile.Write(path, ExportToSafeTensors);
    }

    /// <inheritdoc cref="ExportToSafeTensors(string)"/>
    /// <param name="stream">The stream to write to; it is left open.</param>
    public void ExportToSafeTensors(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        SafeTensors.Write(stream, Weights, new Dictionary<string, string>
        {
            ["format"] = "pt",
            ["architecture"] = Architecture.Name,
            ["classes"] = System.Text.Json.JsonSerializer.Serialize(ClassNames),
        });
    }
}
