using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using ResNetMLNet.Scoring.Engines;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Features;

/// <summary>Features by ONNX Runtime, by libtorch and in files: the same everywhere.</summary>
[TestClass]
public class FeaturesOnnxTests
{
    private static readonly MLContext Ml = Images.Context();

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Libtorch_and_Onnx_Runtime_agree(bool hasMeanImage)
    {
        using var transformer = Fit(hasMeanImage);
        var random = new Random(1);
        var images = Enumerable.Range(0, 5 * 3 * 24 * 24).Select(_ => random.NextSingle()).ToArray();
        using var torch = new TorchScorer(transformer.Network, gpu: null);
        using var onnx = new OnnxScorer(transformer.Network);
        var (one, other) = (new float[5 * Featurizer.Length], new float[5 * Featurizer.Length]);
        torch.Score(images, one);
        onnx.Score(images, other);

        Assert.IsGreaterThan(0.1f, one.Max());
        Snapshot.AssertNear([one], [other], 1e-4);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void An_exported_model_gives_the_features(bool hasMeanImage)
    {
        var data = Images.Unlabelled(5, ImageKind.Bytes, size: 30);
        using var transformer = Fit(hasMeanImage);
        using var stream = new MemoryStream();
        transformer.ExportToOnnx(stream, new() { PixelType = OnnxPixelType.Byte, Resize = true });
        using var session = new InferenceSession(stream.ToArray());
        var pixels = data.GetColumn<byte[]>("Features").SelectMany(image => image).ToArray();
        using var input = OrtValue.CreateTensorValueFromMemory(pixels, [5, 3, 30, 30]);
        using var options = new RunOptions();
        using var outputs = session.Run(options, ["pixels"], [input], session.OutputNames);

        CollectionAssert.AreEqual((string[])["features"], session.OutputNames.ToArray());
        Assert.IsFalse(session.ModelMetadata.CustomMetadataMap.ContainsKey("class_names"));
        Snapshot.AssertNear(
            Snapshot.Scores(transformer.Transform(data), Featurizer.Output),
            [.. outputs[0].GetTensorDataAsSpan<float>().ToArray().Chunk(Featurizer.Length)],
            1e-4);
    }

    [TestMethod]
    [DataRow(9)]
    [DataRow(12)]
    public void ConvertToOnnx_writes_a_pipeline_from_pixels_to_predictions(int opset)
    {
        var data = Images.Labelled(30, ImageKind.Bytes, LabelKind.Text);
        var features = Featurizer.Of(Ml, change: options =>
            options.Weights = InitialWeights.FromFile(Featurizer.Weights.Path, Featurizer.MeanImage(3, 24)));
        var model = features
            .Append(Ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(featureColumnName: Featurizer.Output)).Fit(data);
        var images = Images.Unlabelled(1, ImageKind.Bytes);
        using var stream = new MemoryStream();
        Ml.Model.ConvertToOnnx(model, images, opset, stream);
        using var session = new InferenceSession(stream.ToArray());
        using var input = OrtValue.CreateTensorValueFromMemory(
            images.GetColumn<byte[]>("Features").Single(), [1, 3, Images.Size, Images.Size]);
        using var options = new RunOptions();
        using var outputs = session.Run(options, ["Features"], [input], [$"{Featurizer.Output}.output", "Score.output"]);

        var expected = model.Transform(images);
        Snapshot.AssertNear(
            Snapshot.Scores(expected, Featurizer.Output), [outputs[0].GetTensorDataAsSpan<float>().ToArray()], 1e-4);
        Snapshot.AssertNear(Snapshot.Scores(expected), [outputs[1].GetTensorDataAsSpan<float>().ToArray()], 1e-4);
    }

    [TestMethod]
    public void ConvertToOnnx_says_that_it_cannot_write_encoded_images()
    {
        var data = Images.Unlabelled(2, ImageKind.Encoded);
        using var transformer = Featurizer.Of(Ml).Fit(data);

        var message = Assert.Throws<InvalidOperationException>(() =>
            Ml.Model.ConvertToOnnx(transformer, data, new MemoryStream())).GetBaseException().Message;

        Assert.Contains("'Features'", message);
        Assert.Contains("ExportToOnnx(path)", message);
    }

    private static ResNetFeaturesTransformer Fit(bool hasMeanImage)
    {
        var weights = hasMeanImage
            ? InitialWeights.FromFile(Featurizer.Weights.Path, Featurizer.MeanImage(3, 30))
            : Featurizer.Weights;
        return Featurizer.Of(Ml, change: options => options.Weights = weights).Fit(Images.Unlabelled(2, ImageKind.Bytes));
    }
}
