using System.Text.Json;
using Microsoft.ML;
using ResNetMLNet.Data;
using ResNetMLNet.Formats;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Tests.Features;
using ResNetMLNet.Tests.Support;
using TorchSharp;

namespace ResNetMLNet.Tests.Weights;

/// <summary>A mean for every pixel: subtracted in training and scoring, and kept with the weights in every format.</summary>
[TestClass]
public class MeanImageTests
{
    private string _folder = "";

    [TestInitialize]
    public void Create() => _folder = Directory.CreateTempSubdirectory("resnet-mean-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void It_is_an_image_of_finite_values()
    {
        Assert.AreEqual(3, new MeanImage(2, 1, new float[6]).Channels);
        Assert.AreEqual(1, new MeanImage(2, 3, new float[6]).Channels);
        Assert.ThrowsExactly<ArgumentException>(() => new MeanImage(2, 2, new float[6]));
        Assert.ThrowsExactly<ArgumentException>(() => new MeanImage(1, 1, [float.NaN]));
        Assert.ThrowsExactly<ArgumentException>(() => new MeanImage(int.MaxValue, int.MaxValue, [0]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MeanImage(0, 1, []));
        Assert.ThrowsExactly<ArgumentException>(() => new PixelStatistics(new MeanImage(1, 1, [0]), [1, 1, 1]));
        Assert.ThrowsExactly<ArgumentException>(() => new PixelStatistics(new MeanImage(1, 1, [0]), [0]));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Every_pixel_less_its_own_mean_is_what_the_network_sees(bool training)
    {
        var (plan, weights, statistics) = Network(3, 24);
        using var scope = torch.NewDisposeScope();
        using var network = TrainableNetwork.Create(plan, weights, torch.CPU, torch.ScalarType.Float32);
        using var bare = TrainableNetwork.Create(
            new(plan.Architecture, plan.Input, plan.Classes), weights, torch.CPU, torch.ScalarType.Float32);
        var pixels = torch.rand(4, 3, 24, 24);
        var seen = (pixels - torch.tensor([.. statistics.MeanImage!.Pixels], [3L, 24, 24])) / torch.tensor(0.25f);

        Assert.IsLessThan(1e-4f, (bare.Forward(seen, training) - network.Forward(pixels, training)).abs().max().item<float>());
    }

    [TestMethod]
    [DataRow(72)]
    [DataRow(88)]
    public void In_training_on_images_of_another_size_it_is_resized_as_images_are(int size)
    {
        var (plan, weights, statistics) = Network(3, 96);
        using var scope = torch.NewDisposeScope();
        using var network = TrainableNetwork.Create(plan, weights, torch.CPU, torch.ScalarType.Float32);
        using var other = TrainableNetwork.Create(
            new(plan.Architecture, new(3, size, size), plan.Classes) { Statistics = statistics.For(new ImageShape(3, size, size)) },
            weights,
            torch.CPU,
            torch.ScalarType.Float32);
        var pixels = torch.rand(2, 3, size, size);

        Assert.IsLessThan(1e-4f, (network.Forward(pixels, false) - other.Forward(pixels, false)).abs().max().item<float>());
    }

    [TestMethod]
    [DataRow(ImageKind.Bytes)]
    [DataRow(ImageKind.GreyBytes)]
    public void A_model_that_was_trained_with_it_keeps_it_in_its_zip(ImageKind kind)
    {
        using var model = Fit(Weights(), kind);
        var zip = Save(model);
        using var loaded = (ResNetTransformer)SavedZip.Load(zip);
        var data = Images.Unlabelled(5, kind);

        using var header = JsonDocument.Parse(SavedZip.Entry(zip, SavedZip.Header));
        Assert.AreEqual(3, header.RootElement.GetProperty("formatVersion").GetInt32());
        Assert.AreEqual(Images.Channels(kind), model.Model.PixelStatistics!.MeanImage!.Channels);
        Assert.AreEqual(Images.Size, model.Model.PixelStatistics.MeanImage.Height);
        AssertEqual(model.Model.PixelStatistics, loaded.Model.PixelStatistics!);
        Snapshot.AssertEqual(Snapshot.Of(model.Transform(data)), Snapshot.Of(loaded.Transform(data)), "scores");
        SavedZip.Refused(SavedZip.ChangeHeader(json => json["hasMeanImage"] = false, zip), "mean_image", "does not have");
    }

    [TestMethod]
    public void Where_there_is_none_the_zip_is_of_the_format_that_it_was()
    {
        using var model = Fit(InitialWeights.FromFile(Weights().Path), ImageKind.Bytes);
        using var header = JsonDocument.Parse(SavedZip.Entry(Save(model), SavedZip.Header));

        Assert.AreEqual(2, header.RootElement.GetProperty("formatVersion").GetInt32());
        Assert.IsFalse(header.RootElement.TryGetProperty("hasMeanImage", out _));
    }

    [TestMethod]
    [DataRow("weights.safetensors", ImageKind.Bytes)]
    [DataRow("weights.safetensors", ImageKind.GreyBytes)]
    [DataRow("weights.onnx", ImageKind.Bytes)]
    [DataRow("weights.onnx", ImageKind.GreyBytes)]
    public void An_export_gives_it_to_the_next_training(string file, ImageKind kind)
    {
        using var model = Fit(Weights(), kind, options => options.ImageSize = 96);
        var path = Path.Combine(_folder, file);
        if (file.EndsWith(".onnx", StringComparison.Ordinal))
        {
            model.Model.ExportToOnnx(path);
        }
        else
        {
            model.Model.ExportToSafeTensors(path);
        }

        using var next = Fit(InitialWeights.FromFile(path), kind, options => options.ImageSize = 96);

        AssertEqual(model.Model.PixelStatistics!, next.Model.PixelStatistics!, 1e-5f);
    }

    [TestMethod]
    public void A_model_to_start_from_gives_it_in_the_size_of_the_new_images()
    {
        using var model = Fit(Weights(), ImageKind.Bytes);
        using var next = Images.Trainer(
            Images.Context(),
            ImageKind.Bytes,
            options => (options.Architecture, options.StartFrom, options.ImageSize) = (null, model, 30))
            .Fit(Images.Labelled(kind: ImageKind.Bytes));

        Assert.AreEqual((30, 30), (next.Model.PixelStatistics!.MeanImage!.Height, next.Model.PixelStatistics.MeanImage.Width));
    }

    [TestMethod]
    public void A_tensor_of_that_name_in_a_file_of_another_program_is_none()
    {
        var weights = ForeignWeights.Create();
        weights.Add("mean_image", [1, 1, 1], [0]);
        var path = Path.Combine(_folder, "weights.safetensors");
        File.WriteAllBytes(path, ForeignWeights.SafeTensorsOf(weights));

        Assert.Contains(
            "not of this network: mean_image",
            Assert.ThrowsExactly<InvalidOperationException>(() => Fit(InitialWeights.FromFile(path), ImageKind.Bytes)).Message);
    }

    private InitialWeights Weights()
    {
        var path = Path.Combine(_folder, "foreign.safetensors");
        File.WriteAllBytes(path, ForeignWeights.SafeTensorsOf(ForeignWeights.Create()));
        return InitialWeights.FromFile(path, Featurizer.MeanImage(3, 24));
    }

    private static ResNetTransformer Fit(InitialWeights weights, ImageKind kind, Action<ResNetTrainer.Options>? change = null) =>
        Images.Trainer(Images.Context(), kind, options =>
        {
            (options.Architecture, options.InitialWeights, options.FrozenStages) = (null, weights, 4);
            change?.Invoke(options);
        }).Fit(Images.Labelled(kind: kind));

    private static byte[] Save(ITransformer transformer)
    {
        using var zip = new MemoryStream();
        Images.Context().Model.Save(transformer, null, zip);
        return zip.ToArray();
    }

    private static (NetworkPlan Plan, NamedTensors Weights, PixelStatistics Statistics) Network(int channels, int size)
    {
        TorchRuntime.EnsureLoaded();
        torch.manual_seed(1);
        var statistics = Featurizer.MeanImage(channels, size);
        return (
            new(ForeignWeights.Architecture, new(channels, size, size), ForeignWeights.Classes) { Statistics = statistics },
            ForeignWeights.Create(),
            statistics);
    }

    private static void AssertEqual(PixelStatistics expected, PixelStatistics actual, float tolerance = 0)
    {
        Snapshot.AssertNear([[.. expected.Mean, .. expected.Deviation]], [[.. actual.Mean, .. actual.Deviation]], tolerance);
        Snapshot.AssertNear([[.. expected.MeanImage!.Pixels]], [[.. actual.MeanImage!.Pixels]], tolerance);
        Assert.AreEqual($"{expected.MeanImage}", $"{actual.MeanImage}");
    }
}
