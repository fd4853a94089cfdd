using Microsoft.ML;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Scoring;

/// <summary>A model knows whether its pixels were in [0, 1], and refuses those that are not what it was trained on.</summary>
[TestClass]
public sealed class PixelScaleTests
{
    private static readonly MLContext Ml = Images.Context();

    public static IEnumerable<object[]> ModelsOfShares =>
    [
        ["floats in [0, 1]", (Func<ResNetTransformer>)(() => Train(1))],
        ["floats in [0, 1] but for a rounding", (Func<ResNetTransformer>)(() => Train(1.07f))],
        ["the same, saved and loaded", (Func<ResNetTransformer>)(() => Images.Reloaded(Train(1)))],
        ["bytes", (Func<ResNetTransformer>)(() => Images.Trainer(Ml).Fit(Images.Labelled(12)))],
    ];

    [TestMethod]
    [DynamicData(nameof(ModelsOfShares))]
    public void Pixels_of_0_to_255_are_refused_where_the_network_saw_none(string what, Func<ResNetTransformer> train)
    {
        using var model = train();
        var map = Ml.Transforms.ExplainImage("Map", model).Fit(Images.OfWhite(255));
        var features = Ml.Transforms.ResNetFeatures("Out", model, "Features").Fit(Images.OfWhite(255));
        foreach (var (transformer, column) in ((ITransformer, string)[])[(model, "Score"), (map, "Map"), (features, "Out")])
        {
            Assert.HasCount(12, Snapshot.Scores(transformer.Transform(Images.OfWhite(1)), column), what);
            var error = Assert.ThrowsExactly<UnusableImageException>(
                () => Snapshot.Scores(transformer.Transform(Images.OfWhite(255)), column));
            Assert.Contains("in [0, 1]", error.Message);
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Bytes_and_images_are_refused_where_the_network_saw_floats_of_0_to_255(bool isLoaded)
    {
        using var trained = Train(255);
        using var model = isLoaded ? Images.Reloaded(trained) : trained;

        Assert.HasCount(12, Snapshot.Scores(model.Transform(Images.OfWhite(255))));
        foreach (var kind in (ImageKind[])[ImageKind.GreyBytes, ImageKind.GreyImage, ImageKind.GreyEncoded])
        {
            var error = Assert.ThrowsExactly<InvalidOperationException>(() => model.Transform(Images.Unlabelled(12, kind)));
            Assert.Contains("floats of up to 239", error.Message);
            Assert.Contains("'Features'", error.Message);
        }
    }

    [TestMethod]
    public void An_ONNX_model_that_divides_bytes_by_255_is_refused_too()
    {
        using var model = Train(255);

        model.Model.ExportToOnnx(Stream.Null);
        var error = Assert.ThrowsExactly<InvalidOperationException>(
            () => model.Model.ExportToOnnx(Stream.Null, new() { PixelType = OnnxPixelType.Byte }));
        Assert.Contains("OnnxPixelType.Byte", error.Message);
    }

    [TestMethod]
    [DataRow(1f, -1f, "floats of -1 to 0.8", DisplayName = "in [-1, 1]")]
    [DataRow(2.6f, -2.1f, "floats of -2.1 to 2.3", DisplayName = "standardised")]
    public void Nor_takes_a_network_bytes_that_saw_floats_around_zero(float white, float black, string trained)
    {
        using var model = Images.Trainer(Ml, ImageKind.GreyFloats).Fit(Images.OfWhite(white, black: black));
        using var loaded = Images.Reloaded(model);

        Assert.HasCount(12, Snapshot.Scores(loaded.Transform(Images.OfWhite(white, black: black))));
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => loaded.Transform(Images.Unlabelled(12)));
        Assert.Contains(trained, error.Message);
        if (white == 1)
        {
            var unusable = Assert.ThrowsExactly<UnusableImageException>(
                () => Snapshot.Scores(loaded.Transform(Images.OfWhite(255))));
            Assert.Contains($"takes {trained}", unusable.Message);
        }

        error = Assert.ThrowsExactly<InvalidOperationException>(
            () => loaded.Model.ExportToOnnx(Stream.Null, new() { PixelType = OnnxPixelType.Byte }));
        Assert.Contains(trained, error.Message);
    }

    [TestMethod]
    public void Nor_floats_around_zero_that_saw_bytes()
    {
        using var model = Images.Trainer(Ml).Fit(Images.Labelled(12));

        var error = Assert.ThrowsExactly<UnusableImageException>(
            () => Snapshot.Scores(model.Transform(Images.OfWhite(1, black: -1))));
        Assert.Contains("a pixel is -1 where the network takes floats in [0, 1]", error.Message);
    }

    // They did not say what their smallest pixel was.
    [TestMethod]
    public void A_model_of_an_earlier_version_may_have_seen_floats_around_zero()
    {
        using var model = Images.Trainer(Ml, ImageKind.GreyFloats).Fit(Images.OfWhite(1, black: -1));
        using var saved = new MemoryStream();
        Ml.Model.Save(model, null, saved);
        var zip = SavedZip.ChangeHeader(header => Assert.IsTrue(header.AsObject().Remove("smallestPixel")), saved.ToArray());
        using var old = (ResNetTransformer)SavedZip.Load(zip);

        Assert.HasCount(12, Snapshot.Scores(old.Transform(Images.OfWhite(1, black: -1))));
    }

    [TestMethod]
    public void Pixels_on_a_scale_of_their_own_are_nobodys_business()
    {
        using var model = Train(5);

        Assert.HasCount(12, Snapshot.Scores(model.Transform(Images.OfWhite(50))));
        Assert.HasCount(12, Snapshot.Scores(model.Transform(Images.Unlabelled(12))));
        model.Model.ExportToOnnx(Stream.Null, new() { PixelType = OnnxPixelType.Byte });
    }

    [TestMethod]
    [DataRow(255f, 1f, true)]
    [DataRow(1f, 255f, true)]
    [DataRow(1f, 1f, false)]
    [DataRow(255f, 200f, false)]
    [DataRow(1f, 2f, true, -2f)]
    [DataRow(255f, 1f, true, -1f)]
    [DataRow(1f, 1f, false, -0.1f)]
    public void Going_on_with_pixels_on_another_scale_is_said(float then, float now, bool isSaid, float black = 0)
    {
        using var start = Train(then);
        var log = new List<string>();
        var data = Images.OfWhite(now, black: black);
        Images.Trainer(Images.Context(log), ImageKind.GreyFloats, options => options.StartFrom = start).Fit(data).Dispose();

        Assert.AreEqual(isSaid, log.Any(line => line.Contains("Scale them alike", StringComparison.Ordinal)), string.Join("\n", log));
    }

    [TestMethod]
    [DataRow(255f, 1f, ".safetensors", true)]
    [DataRow(1f, 255f, ".safetensors", true)]
    [DataRow(1f, 255f, ".onnx", true)]
    [DataRow(1f, 1f, ".safetensors", false)]
    [DataRow(255f, 200f, ".onnx", false)]
    [DataRow(1f, 1f, ".safetensors", true, -1f)]
    [DataRow(1f, 1f, ".onnx", true, -1f)]
    public void Exported_weights_know_the_scale_too(float then, float now, string ending, bool isSaid, float black = 0)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("resnet-scale-").FullName, $"weights{ending}");

        // Of smaller images, graphs have parts of kernels.
        using var start = Images.Trainer(Ml, ImageKind.GreyFloats, options => options.ImageSize = 96)
            .Fit(Images.OfWhite(then, black: black));
        Action<string> export = ending == ".onnx" ? path => start.Model.ExportToOnnx(path) : start.Model.ExportToSafeTensors;
        export(file);
        var log = new List<string>();
        Images.Trainer(Images.Context(log), ImageKind.GreyFloats, options =>
            (options.Architecture, options.InitialWeights) = (null, InitialWeights.FromFile(file))).Fit(Images.OfWhite(now)).Dispose();

        Assert.AreEqual(isSaid, log.Any(line => line.Contains("Scale them alike", StringComparison.Ordinal)), string.Join("\n", log));
        var features = Ml.Transforms.ResNetFeatures("Out", InitialWeights.FromFile(file), "Features").Fit(Images.OfWhite(now));
        Action transform = () => Snapshot.Scores(features.Transform(Images.OfWhite(now)), "Out");
        if (then == 1 && now == 255)
        {
            Assert.Contains("in [0, 1]", Assert.ThrowsExactly<UnusableImageException>(transform).Message);
        }
        else
        {
            transform();
        }

        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    private static ResNetTransformer Train(float white) => Images.Trainer(Ml, ImageKind.GreyFloats).Fit(Images.OfWhite(white));
}
