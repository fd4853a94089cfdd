using Google.Protobuf;
using ResNetMLNet.Data;
using ResNetMLNet.Hosting;
using ResNetMLNet.Network;
using ResNetMLNet.Persistence;
using ResNetMLNet.Persistence.Onnx;

namespace ResNetMLNet;

/// <summary>A trained residual network: architecture, weights, classes and how it came to be. Immutable; holds nothing native.</summary>
public sealed class ResNetModel
{
    internal ResNetModel(NetworkPlan plan, NetworkWeights weights, InputFormat format, bool testTimeFlip, KeyValues? keyValues, TrainingSummary training)
    {
        Plan = plan;
        Weights = weights;
        Format = format;
        TestTimeFlip = testTimeFlip;
        KeyValues = keyValues;
        Training = training;
        ClassNames = KeyValues.NamesOf(keyValues, plan.Classes);
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

    /// <summary>Whether a score is the mean of those of the picture and of its mirror image.</summary>
    public bool TestTimeFlip { get; }

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

    /// <summary>
    /// Writes the network as an ONNX model (https://onnx.ai; opset 18, IR version 8) for any runtime. An existing file is replaced, and only by a
    /// whole one.
    /// </summary>
    /// <remarks>
    /// Input: <c>pixels</c>, (batch, channels, height, width). Outputs: <c>probabilities</c>, (batch, classes), the same as the transformer's
    /// <c>Score</c>; <c>class</c>, (batch), the index of the likeliest; <c>logits</c>, (batch, classes), unless
    /// <see cref="TestTimeFlip"/> is on. The batch is dynamic. The metadata <c>class_names</c> is a JSON array.
    /// </remarks>
    /// <param name="path">The file to write.</param>
    /// <param name="options">What the model takes in; null for floats of the network's size.</param>
    public void ExportToOnnx(string path, OnnxExportOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        AtomicFile.Write(path, stream => ExportToOnnx(stream, options));
    }

    /// <inheritdoc cref="ExportToOnnx(string, OnnxExportOptions)"/>
    /// <param name="stream">The stream to write to; it is left open.</param>
    /// <param name="options">What the model takes in; null for floats of the network's size.</param>
    public void ExportToOnnx(Stream stream, OnnxExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ToOnnx(options ?? new()).WriteTo(stream);
    }

    internal ModelProto ToOnnx(OnnxExportOptions options) => OnnxModel.Create(Plan, Weights, Format, TestTimeFlip, ClassNames, options);
}
