using Microsoft.ML.Runtime;
using ResNetMLNet.Formats;
using ResNetMLNet.Formats.Onnx;
using ResNetMLNet.Formats.PyTorch;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet;

/// <summary>The file in <see cref="ResNetTrainer.Options.InitialWeights"/>, read.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Weights">Its tensors under torchvision's names.</param>
/// <param name="Architecture">The network that they belong to.</param>
/// <param name="Statistics">What they were trained to see.</param>
internal sealed record StartingFile(string Path, NamedTensors Weights, ResNetArchitecture Architecture, PixelStatistics Statistics)
{
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidOperationException">It is not what its name says, or no ResNet; the message says why.</exception>
    public static StartingFile Read(IExceptionContext context, InitialWeights wanted)
    {
        if (!File.Exists(wanted.Path))
        {
            throw new FileNotFoundException($"The option InitialWeights is the file '{wanted.Path}', which does not exist.", wanted.Path);
        }

        try
        {
            using var stream = File.OpenRead(wanted.Path);
            var (tensors, statistics) = Read(stream, System.IO.Path.GetExtension(wanted.Path).ToLowerInvariant());
            var weights = WeightNames.Normalise(tensors);
            var architecture = WeightArchitecture.Of(weights);
            var channels = (int)weights.Tensors["conv1.weight"].Shape[1];
            var seen = wanted.Statistics ?? statistics ?? (channels == 3 ? PixelStatistics.ImageNet : PixelStatistics.None);
            return new(wanted.Path, wanted.BlueFirst ? WeightImport.RedFirst(weights) : weights, architecture, seen);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw Error(context, wanted.Path, e);
        }
    }

    /// <summary>The weights as the network takes them.</summary>
    /// <exception cref="InvalidOperationException">They are of another network; the message says which tensors differ.</exception>
    public NamedTensors Fit(IExceptionContext context, TrainableNetwork network)
    {
        try
        {
            var weights = WeightImport.Fit(Weights, network.Plan, network.Export());
            return network.Plan.Rejects(weights, out var problem) ? throw new InvalidDataException(problem) : weights;
        }
        catch (InvalidDataException e)
        {
            throw Error(context, Path, e);
        }
    }

    // Statistics are only known of files that this library wrote.
    private static (NamedTensors Tensors, PixelStatistics? Statistics) Read(Stream stream, string extension)
    {
        switch (extension)
        {
            case ".safetensors":
                var tensors = SafeTensors.Read(stream, out var metadata);
                return (tensors, WeightMetadata.StatisticsOf(metadata));

            case ".pth" or ".pt":
                return (TorchFile.Read(stream), null);

            case ".onnx":
                return OnnxWeights.Of(OnnxFile.Read(stream));

            default:
                throw new InvalidDataException(
                    $"files that end in '{extension}' are not known; it must be .safetensors, .pth, .pt or .onnx");
        }
    }

    private static Exception Error(IExceptionContext context, string path, Exception e) =>
        context.Error(e, $"The option InitialWeights is the file '{path}', which cannot be used: {e.Message}.");
}
