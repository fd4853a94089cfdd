using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.Transforms;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.Fitting;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Network.Importing;
using ResNetMLNet.Tests.Support;
using TorchSharp;

namespace ResNetMLNet.Tests.Weights;

/// <summary>The network of the companion package.</summary>
[TestClass]
public class PretrainedTests
{
    private const int Size = 224;
    private const int Features = 512;

    [TestMethod]
    public void Its_features_are_those_of_its_ONNX_file_in_ONNX_Runtime()
    {
        TorchRuntime.EnsureLoaded();
        using var scope = torch.NewDisposeScope();
        torch.manual_seed(3);
        var start = StartingFile.Read(Internals.EnvironmentOf(new MLContext().Data), PretrainedWeights.ImageNet);
        var plan = new NetworkPlan(start.Architecture, new(3, Size, Size), Features) { Statistics = start.Statistics.For(3) };
        using var fresh = TrainableNetwork.Create(plan, Initialisation.He, 1, torch.CPU, torch.ScalarType.Float32);

        // A head that passes the features on.
        fresh.Tensors["fc.weight"].Import(torch.eye(Features).data<float>().ToArray());
        fresh.Tensors["fc.bias"].Import(new float[Features]);
        using var network = new FoldedNetwork(plan, WeightImport.Fit(start.Weights, plan, fresh.Export()), torch.CPU);

        // Smooth and noisy, as photographs are.
        var images = torch.nn.functional.interpolate(torch.rand(2, 3, 14, 14), [Size, Size], mode: torch.InterpolationMode.Bilinear)
            .mul(0.8).add(torch.rand(2, 3, Size, Size).mul(0.2));
        var features = network.Forward(images);

        Assert.AreEqual(new StageDepths(2, 2, 2, 3), start.Architecture.Depths);
        for (var image = 0; image < 2; image++)
        {
            var expected = torch.tensor(Run(images[image], start.Statistics));
            var difference = (features[image] - expected).norm() / expected.norm();
            Assert.IsLessThan(1e-3f, difference.item<float>());
            Assert.IsGreaterThan(1f, expected.norm().item<float>());
        }
    }

    [TestMethod]
    public void It_is_a_start_with_a_single_option()
    {
        using var model = Images.Trainer(Images.Context(), ImageKind.Bytes, options =>
        {
            (options.Architecture, options.InitialWeights, options.FrozenStages) = (null, PretrainedWeights.ImageNet, 4);
            (options.ImageSize, options.BatchSize, options.NumberOfEpochs) = (32, 16, 6);
        }).Fit(Images.Labelled(48, ImageKind.Bytes));

        Assert.AreEqual(123.15163f / 255, model.Model.PixelStatistics!.Mean[0], 1e-4f);
        var mean = model.Model.PixelStatistics.MeanImage!;
        Assert.AreEqual((3, 32, 32), (mean.Channels, mean.Height, mean.Width));
        Assert.IsGreaterThan(0.6, model.Model.History[^1].TrainAccuracy);
    }

    [TestMethod]
    public void Its_features_are_those_of_ML_NETs_DnnFeaturizeImage()
    {
        var ml = Images.Context();
        var data = new MemoryDataView(
            4, new MemoryColumn<MLImage>("Image", new ImageDataViewType(Size, Size), i => Images.Image(i, 3, Size)));
        var theirs = ml.Transforms.ExtractPixels("Pixels", "Image")
            .Append(ml.Transforms.DnnFeaturizeImage(
                "Theirs", image => image.ModelSelector.ResNet18(ml, image.OutputColumn, image.InputColumn), "Pixels"))
            .Fit(data).Transform(data);
        using var transformer = ml.Transforms.ResNetFeatures("Ours", PretrainedWeights.ImageNet, "Image").Fit(data);

        foreach (var (ours, expected) in Snapshot.Scores(transformer.Transform(data), "Ours").Zip(Snapshot.Scores(theirs, "Theirs")))
        {
            Assert.HasCount(Features, ours);
            var length = Math.Sqrt(expected.Sum(value => (double)value * value));
            var difference = Math.Sqrt(ours.Zip(expected).Sum(pair => Math.Pow(pair.First - pair.Second, 2)));
            Assert.IsGreaterThan(1, length);
            Assert.IsLessThan(1e-3, difference / length);
        }
    }

    // Its input is blue, green, red, 0 to 255, without the mean image.
    private static float[] Run(torch.Tensor image, PixelStatistics statistics)
    {
        var mean = torch.tensor([.. statistics.MeanImage!.Pixels], [3L, Size, Size]);
        var input = (image - mean).mul(255).flip(0).contiguous().data<float>().ToArray();
        using var session = new InferenceSession(PretrainedWeights.ImageNet.Path);
        using var value = OrtValue.CreateTensorValueFromMemory(input, [1, 3, Size, Size]);
        using var options = new RunOptions();
        using var outputs = session.Run(options, [session.InputNames[0]], [value], [session.OutputNames[0]]);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
