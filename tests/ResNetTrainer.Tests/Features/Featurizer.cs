using Microsoft.ML;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Reading;
using ResNetMLNet.Network;
using ResNetMLNet.Scoring;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Tests.Weights;
using TorchSharp;

namespace ResNetMLNet.Tests.Features;

/// <summary>Tiny networks that give features.</summary>
internal static class Featurizer
{
    /// <summary>The features of the tiny network.</summary>
    public const int Length = 32;

    public const string Output = "Embedding";

    /// <summary>A file of weights for colours; gone with the process's temporary folder.</summary>
    public static readonly InitialWeights Weights = CreateFile();

    public static ResNetFeaturesEstimator Of(
        MLContext ml, ITransformer? model = null, Action<ResNetFeaturesEstimator.Options>? change = null)
    {
        var options = new ResNetFeaturesEstimator.Options
        {
            OutputColumnName = Output,
            InputColumnName = "Features",
            Model = model,
            Weights = model is null ? Weights : null,
            ImageSize = model is null ? 24 : null,
            Device = ComputeDevice.Auto,
        };
        change?.Invoke(options);
        return ml.Transforms.ResNetFeatures(options);
    }

    /// <summary>A classifier on images of bytes, trained for a moment.</summary>
    public static ResNetTransformer Classifier(
        ImageKind kind = ImageKind.GreyBytes, Action<ResNetTrainer.Options>? change = null) =>
        Images.Trainer(Images.Context(), kind, change).Fit(Images.Labelled(kind: kind));

    /// <summary>Statistics with a mean image in which no two pixels are alike.</summary>
    public static PixelStatistics MeanImage(int channels, int size) => new(
        new MeanImage(size, size, [.. Enumerable.Range(0, channels * size * size).Select(i => 0.3f + (i * 0.618f % 0.4f))]),
        [.. Enumerable.Repeat(0.25f, channels)]);

    /// <summary>What the linear layer of a classifier sees, by the network that trains.</summary>
    public static float[][] SeenByLinearLayer(ResNetModel model, IDataView images)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradients = torch.no_grad();
        using var network = TrainableNetwork.Create(
            model.Network.Plan, model.Network.Weights, torch.CPU, torch.ScalarType.Float32);
        return [.. Inputs(model.Network, images).Select(image =>
        {
            var shape = model.Network.Format.Shape;
            var pixels = torch.tensor(image, [1, shape.Channels, shape.Height, shape.Width]);
            return network.Features(pixels).data<float>().ToArray();
        })];
    }

    private static List<float[]> Inputs(TrainedNetwork network, IDataView images)
    {
        var shape = network.Format.Shape;
        var context = (Microsoft.ML.Runtime.IExceptionContext)Images.Context();
        var column = FeatureColumn.Find(context, images.Schema, "Features", shape.Channels);
        using var cursor = images.GetRowCursor(images.Schema);
        var reader = new InputReader(column.CreateReader(context, cursor, network.Format), network.Format);
        var inputs = new List<float[]>();
        while (cursor.MoveNext())
        {
            var input = new float[shape.Count];
            reader.Read(input);
            inputs.Add(input);
        }

        return inputs;
    }

    private static InitialWeights CreateFile()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("resnet-features-").FullName, "weights.safetensors");
        File.WriteAllBytes(path, ForeignWeights.SafeTensorsOf(ForeignWeights.Create()));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        return InitialWeights.FromFile(path);
    }
}
