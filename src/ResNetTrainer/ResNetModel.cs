using Google.Protobuf;
using ResNetMLNet.Formats;
using ResNetMLNet.Saving;
using ResNetMLNet.Scoring;
using ResNetMLNet.Scoring.Engines;

namespace ResNetMLNet;

/// <summary>A trained residual network: architecture, weights, classes and how it came to be. Immutable; holds nothing native.</summary>
public sealed class ResNetModel
{
    internal ResNetModel(TrainedNetwork network, TrainingSummary training)
    {
        Network = network;
        Training = training;
    }

    /// <summary>The network.</summary>
    public ResNetArchitecture Architecture => Network.Plan.Architecture;

    /// <summary>
    /// The classes in the order of the scores. Where the label's key has no values, their numbers from 0, as ML.NET's evaluators
    /// have them.
    /// </summary>
    public IReadOnlyList<string> ClassNames => Network.ClassNames;

    /// <summary>The channels of the images: 1 (grey) or 3 (red, green, blue).</summary>
    public int ImageChannels => Network.Plan.Input.Channels;

    /// <summary>The height in pixels of the images that the network sees.</summary>
    public int ImageHeight => Network.Plan.Input.Height;

    /// <summary>The width in pixels of the images that the network sees.</summary>
    public int ImageWidth => Network.Plan.Input.Width;

    /// <summary>How images of other sizes are brought to the one that the network sees.</summary>
    public ResizeMode ResizeMode => Network.Format.ResizeMode;

    /// <summary>
    /// What the network does to pixels first; null: nothing. It comes with <see cref="ResNetTrainer.Options.InitialWeights"/>.
    /// </summary>
    public PixelStatistics? PixelStatistics => Network.Plan.Statistics;

    /// <summary>Of which views of an image a score is the mean.</summary>
    public TestTimeAugmentation TestTimeAugmentation => Network.TestTimeAugmentation;

    /// <summary>
    /// The probability below which the likeliest class is not predicted; null where it always is. See <see
    /// cref="ResNetTrainer.Options.RejectBelow"/>.
    /// </summary>
    public double? RejectBelow => Network.RejectBelow;

    /// <summary>The number of trained parameters; running statistics are not among them.</summary>
    public long ParameterCount => Network.Plan.ParameterCount;

    /// <summary>How the model was trained.</summary>
    public TrainingSummary Training { get; }

    /// <summary>What each epoch of training came to.</summary>
    public IReadOnlyList<EpochMetrics> History => Training.History;

    internal TrainedNetwork Network { get; }

    /// <summary>The likeliest classes of a row, by name, the likeliest first.</summary>
    /// <param name="scores">The row's <c>Score</c>: a probability for each of <see cref="ClassNames"/>.</param>
    /// <param name="count">How many; all where there are fewer.</param>
    /// <exception cref="ArgumentException">There are more or fewer scores than classes.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The count is not positive.</exception>
    public IReadOnlyList<ClassProbability> TopClasses(IReadOnlyList<float> scores, int count = 5)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return scores.Count == ClassNames.Count
            ? [
                .. ClassNames.Zip(scores, (name, score) => new ClassProbability(name, score))
                    .OrderByDescending(each => each.Probability).Take(count),
            ]
            : throw new ArgumentException(
                $"There are {scores.Count} scores, and {ClassNames.Count} classes. Give the column of scores of this model, "
                + "which is 'Score' unless ScoreColumnName says otherwise.", nameof(scores));
    }

    /// <summary>
    /// Writes the weights in safetensors format (https://huggingface.co/docs/safetensors) under PyTorch's names, as
    /// torchvision has them where the networks agree. An existing file is replaced, and only by a whole one. A mean image
    /// (<see cref="PixelStatistics.MeanImage"/>) is one more tensor, <c>mean_image</c>, which is no part of the network in PyTorch.
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
        WeightMetadata.Write(stream, Network, Training.Calibration?.Temperature);
    }

    /// <summary>
    /// Writes the network as an ONNX model (https://onnx.ai; opset 18, IR version 8) for any runtime. An existing file is
    /// replaced, and only by a whole one.
    /// </summary>
    /// <remarks>
    /// Input: <c>pixels</c>, (batch, channels, height, width). Outputs: <c>probabilities</c>, (batch, classes), the same as the
    /// transformer's <c>Score</c>; <c>class</c>, (batch), the index of the likeliest, or -1 where its probability is below <see
    /// cref="RejectBelow"/>; <c>logits</c>, (batch, classes), unless scores are the mean of several views (<see
    /// cref="TestTimeAugmentation"/>); of a calibrated model, those that the softmax is taken of: divided by the temperature. The batch is
    /// dynamic. The metadata <c>class_names</c> is a JSON array.
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
        OnnxModel.Create(Network, options ?? new()).WriteTo(stream);
    }
}
