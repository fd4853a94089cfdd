using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.Formats;
using ResNetMLNet.Formats.Onnx;
using ResNetMLNet.Formats.PyTorch;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;
using ResNetMLNet.Network.Importing;
using ResNetMLNet.Saving;
using ResNetMLNet.Training;

namespace ResNetMLNet.Fitting;

/// <summary>A file of weights, read.</summary>
/// <param name="Title">What errors call it.</param>
/// <param name="Weights">Its tensors under torchvision's names.</param>
/// <param name="Architecture">The network that they belong to.</param>
/// <param name="Statistics">What they were trained to see.</param>
internal sealed record StartingFile(string Title, NamedTensors Weights, ResNetArchitecture Architecture, PixelStatistics Statistics)
    : StartingPoint
{
    public override TrainingStart Kind => TrainingStart.Weights;

    public override ResNetArchitecture Architecture { get; } = Architecture;

    /// <summary>The classes of the linear layer; null where the file does not name them.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>Between which values the pixels were that they were trained on; null where the file does not say.</summary>
    public PixelRange? Pixels { get; init; }

    /// <summary>The channels of the images that the weights are for.</summary>
    public int Channels => (int)Weights.Tensors["conv1.weight"].Shape[1];

    /// <param name="context">Where errors come from.</param>
    /// <param name="wanted">The file.</param>
    /// <param name="option">The option that it is in.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidOperationException">It is not what its name says, or no ResNet; the message says why.</exception>
    public static StartingFile Read(
        IExceptionContext context, InitialWeights wanted, string option = nameof(ResNetTrainer.Options.InitialWeights))
    {
        var title = $"The option {option} is the file '{wanted.Path}'";
        if (!File.Exists(wanted.Path))
        {
            throw new FileNotFoundException($"{title}, which does not exist.", wanted.Path);
        }

        try
        {
            using var stream = File.OpenRead(wanted.Path);
            var (tensors, statistics, texts) = Read(stream, Path.GetExtension(wanted.Path).ToLowerInvariant(), wanted.BlueFirst);
            var weights = WeightNames.Normalise(tensors);
            var architecture = WeightArchitecture.Of(weights);
            var channels = (int)weights.Tensors["conv1.weight"].Shape[1];
            var seen = wanted.Statistics ?? statistics ?? (channels == 3 ? PixelStatistics.ImageNet : PixelStatistics.None);
            return new(title, wanted.BlueFirst ? WeightImport.RedFirst(weights) : weights, architecture, seen)
            {
                ClassNames = WeightMetadata.ClassNames(texts),
                Pixels = WeightMetadata.PixelsOf(texts),
            };
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw Error(context, title, e);
        }
    }

    protected override PixelStatistics? StatisticsFor(ImageShape shape) => Statistics.For(shape);

    // With what they see.
    public override string Fingerprint(NetworkPlan plan) =>
        WeightMetadata.With(Weights, plan.Statistics).Fingerprint($"{plan.Statistics}");

    /// <summary>
    /// The same for a network of these classes: where the file names the same in another order, the rows of its linear layer are put in
    /// theirs; where it names others, it has no such layer. Where it names none, nothing is known.
    /// </summary>
    public override StartingFile For(IReadOnlyList<string> classes)
    {
        if (ClassNames is null || ClassNames.SequenceEqual(classes))
        {
            return this;
        }

        if (ClassNames.Count != classes.Count || ClassNames.Except(classes).Any() || classes.Except(ClassNames).Any())
        {
            return this with { Weights = Weights.Where(name => !LinearPlan.IsOf(name)) };
        }

        return this with
        {
            Weights = Weights.Select((name, tensor) => LinearPlan.IsOf(name)
                ? StartingWeights.Rearranged(tensor.Data, ClassNames, tensor.Data, classes)
                : tensor.Data),
            ClassNames = classes,
        };
    }

    public override bool HasHead(NetworkPlan plan) => WeightImport.HasHead(Weights, plan);

    // Before the images are read: by the names and shapes of all but the linear layer.
    public override void Check(IExceptionContext context, ResNetArchitecture network)
    {
        var side = network.MinimumImageSize;
        if (network == Architecture || NetworkLimits.ProblemOf(network, new(Channels, side, side), classes: null) is not null)
        {
            return;
        }

        try
        {
            WeightImport.Fit(Weights, new(network, new(Channels, side, side), classes: null), new());
        }
        catch (InvalidDataException e)
        {
            throw context.Error(
                e,
                $"{Title}, weights of the network {Architecture.Name}, but Architecture is {network.Name}: {e.Message}. "
                + "Leave Architecture null, which takes the network of the weights, or give weights of that one.");
        }
    }

    protected override NamedTensors WeightsFor(IHost host, IChannel channel, TrainableNetwork fresh, TrainingData data)
    {
        if (ClassNames is { } names && !names.SequenceEqual(data.ClassNames))
        {
            channel.Log("the weights to start from are of other classes: the linear layer starts afresh");
        }

        PixelScale.WarnOfAnother(channel, "The weights to start from were", Pixels, data.Pixels);
        return Fit(host, fresh.Plan, fresh.Export());
    }

    /// <summary>The weights as a network takes them.</summary>
    /// <param name="context">Where errors come from.</param>
    /// <param name="plan">The network.</param>
    /// <param name="fresh">Its fresh weights; empty where it has no linear layer.</param>
    /// <exception cref="InvalidOperationException">They are of another network; the message says which tensors differ.</exception>
    public NamedTensors Fit(IExceptionContext context, NetworkPlan plan, NamedTensors fresh)
    {
        try
        {
            var weights = WeightImport.Fit(Weights, plan, fresh, Statistics);
            return plan.Rejects(weights, out var problem) ? throw new InvalidDataException(problem) : weights;
        }
        catch (InvalidDataException e)
        {
            throw Error(context, Title, e);
        }
    }

    // Statistics are known of files that this library wrote, and of graphs, which have them in the order of their channels.
    private static (NamedTensors Tensors, PixelStatistics? Statistics, IReadOnlyDictionary<string, string> Texts) Read(
        Stream stream, string extension, bool blueFirst)
    {
        switch (extension)
        {
            case ".safetensors":
                var tensors = SafeTensors.Read(stream, out var metadata);
                var statistics = WeightMetadata.TakeStatistics(metadata, ref tensors);
                return (tensors, statistics, metadata);

            case ".pth" or ".pt":
                return (TorchFile.Read(stream), null, new Dictionary<string, string>());

            case ".onnx":
                var file = OnnxFile.Read(stream);
                var graph = OnnxWeights.Of(file);
                var seen = blueFirst ? graph.Statistics?.Reversed() : graph.Statistics;
                return (graph.Weights, seen, file.Metadata);

            default:
                throw new InvalidDataException(
                    $"files that end in '{extension}' are not known; it must be .safetensors, .pth, .pt or .onnx");
        }
    }

    private static Exception Error(IExceptionContext context, string title, Exception e) =>
        context.Error(e, $"{title}, which cannot be used: {e.Message}.");
}
