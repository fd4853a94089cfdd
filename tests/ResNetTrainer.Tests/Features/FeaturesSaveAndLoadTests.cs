using System.Text.Json.Nodes;
using Microsoft.ML;
using ResNetMLNet.Formats;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Features;

/// <summary>Transformers of features in ML.NET's model zip: they come back as they were, and what they cannot be is refused.</summary>
[TestClass]
public class FeaturesSaveAndLoadTests
{
    private static readonly MLContext Ml = Images.Context();
    private static readonly byte[] Zip = SaveWithMeanImage();

    [TestMethod]
    [DataRow(ResizeMode.Stretch)]
    [DataRow(ResizeMode.CenterCrop)]
    [DataRow(ResizeMode.Pad)]
    public void Another_context_gives_the_same_features_to_the_bit(ResizeMode mode)
    {
        var data = new MemoryDataView(5, Images.Vector("Features", i => PixelPattern.Planes(i, 3, 20, 40), 3, 20, 40));
        using var transformer = Featurizer.Of(
            Ml, change: options => (options.ResizeMode, options.MaximumImagePixels) = (mode, 5_000)).Fit(data);
        using var loaded = (ResNetFeaturesTransformer)SavedZip.Load(Save(transformer, data.Schema));

        Snapshot.AssertEqual(Snapshot.Of(transformer.Transform(data)), Snapshot.Of(loaded.Transform(data)), "features");
        Assert.AreEqual(("Features", Featurizer.Output), (loaded.InputColumnName, loaded.OutputColumnName));
        Assert.AreEqual(transformer.Architecture, loaded.Architecture);
        Assert.AreEqual(transformer.Network.Format, loaded.Network.Format);
    }

    [TestMethod]
    public void A_chain_with_a_trainer_of_ML_NETs_own_predicts_the_same()
    {
        var data = Images.Labelled(30, ImageKind.Floats, LabelKind.Text);
        var chain = Featurizer.Of(Ml)
            .Append(Ml.MulticlassClassification.Trainers.SdcaMaximumEntropy(
                featureColumnName: Featurizer.Output, maximumNumberOfIterations: 5))
            .Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(data);
        var loaded = SavedZip.Load(Save(chain, data.Schema));

        Snapshot.AssertEqual(Snapshot.Of(chain.Transform(data)), Snapshot.Of(loaded.Transform(data)), "predictions");
    }

    [TestMethod]
    public void A_mean_image_is_kept_with_the_weights()
    {
        using var loaded = (ResNetFeaturesTransformer)SavedZip.Load(Zip);
        var mean = loaded.PixelStatistics!.MeanImage!;

        CollectionAssert.AreEqual(Featurizer.MeanImage(3, 24).MeanImage!.Pixels.ToArray(), mean.Pixels.ToArray());
        CollectionAssert.AreEqual((float[])[0.25f, 0.25f, 0.25f], loaded.PixelStatistics.Deviation.ToArray());
        CollectionAssert.AreEqual(SavedZip.Entry(Zip, SavedZip.Weights), SavedZip.Entry(Save(loaded, null), SavedZip.Weights));
        CollectionAssert.AreEqual(SavedZip.Entry(Zip, SavedZip.Header), SavedZip.Entry(Save(loaded, null), SavedZip.Header));
    }

    [TestMethod]
    [DataRow("architecture.depths.first", "2000000000", "depths")]
    [DataRow("channels", "2", "channels")]
    [DataRow("height", "0", "height")]
    [DataRow("resizeMode", "99", "resizeMode")]
    [DataRow("maximumImagePixels", "0", "maximumImagePixels")]
    [DataRow("pixelDeviation", "[1, 1, 0]", "pixelDeviation")]
    [DataRow("pixelMean", "[0]", "pixelMean")]
    [DataRow("pixelMean", "null", "pixelMean")]
    [DataRow("inputColumnName", "null", "inputColumnName")]
    [DataRow("inputColumnName", "\"\"", "inputColumnName")]
    [DataRow("outputColumnName", "\" \"", "outputColumnName")]
    [DataRow("formatVersion", "0", "formatVersion")]
    public void A_value_that_cannot_be(string path, string value, string word) => SavedZip.Refused(
        SavedZip.ChangeHeader(
            header =>
            {
                var names = path.Split('.');
                foreach (var name in names[..^1])
                {
                    header = header[name]!;
                }

                header[names[^1]] = JsonNode.Parse(value);
            },
            Zip),
        "damaged", "model.json", word);

    [TestMethod]
    public void A_newer_format_says_so() => SavedZip.Refused(
        SavedZip.ChangeHeader(header => header["formatVersion"] = 2, Zip), "newer version", "Update");

    [TestMethod]
    public void What_is_missing_is_named()
    {
        SavedZip.Refused(SavedZip.Change(SavedZip.Header, _ => null, Zip), "model.json", "missing");
        SavedZip.Refused(SavedZip.Change(SavedZip.Weights, _ => null, Zip), "weights.safetensors", "missing");
        SavedZip.Refused(SavedZip.Change(SavedZip.Weights, bytes => bytes[..^100], Zip), "weights.safetensors");
        SavedZip.Refused(Tensors((name, _) => name != "bn1.weight"), "bn1.weight", "missing");
        SavedZip.Refused(Tensors((name, _) => name != "mean_image"), "mean_image", "missing");
    }

    [TestMethod]
    public void A_mean_image_that_cannot_be()
    {
        SavedZip.Refused(Tensors((_, _) => true, image => ([3, 12, 48], image)), "mean_image", "size");
        SavedZip.Refused(Tensors((_, _) => true, image => ([1728], image)), "mean_image", "shape");
        SavedZip.Refused(Tensors((_, _) => true, image => ([3, 24, 24], [float.NaN, .. image[1..]])), "mean_image", "finite");
        SavedZip.Refused(SavedZip.ChangeHeader(header => header["hasMeanImage"] = false, Zip), "mean_image", "does not have");
        SavedZip.Refused(SavedZip.ChangeHeader(header => header["weightsSha256"] = new string('0', 64), Zip), "checksum");
    }

    [TestMethod]
    public void A_linear_layer_does_not_belong_there() => SavedZip.Refused(
        SavedZip.Change(SavedZip.Weights, bytes => Rewrite(bytes, (_, _) => true, null, ("fc.bias", [1], [0f])), Zip), "fc.bias");

    private static byte[] SaveWithMeanImage()
    {
        var data = Images.Unlabelled(2, ImageKind.Floats);
        var weights = InitialWeights.FromFile(Featurizer.Weights.Path, Featurizer.MeanImage(3, 24));
        using var transformer = Featurizer.Of(Ml, change: options => options.Weights = weights).Fit(data);
        return Save(transformer, data.Schema);
    }

    private static byte[] Save(ITransformer transformer, DataViewSchema? schema)
    {
        using var zip = new MemoryStream();
        Ml.Model.Save(transformer, schema, zip);
        return zip.ToArray();
    }

    private static byte[] Tensors(
        Func<string, long[], bool> kept, Func<float[], (long[] Shape, float[] Data)>? meanImage = null) =>
        SavedZip.Change(SavedZip.Weights, bytes => Rewrite(bytes, kept, meanImage), Zip);

    private static byte[] Rewrite(
        byte[] file,
        Func<string, long[], bool> kept,
        Func<float[], (long[] Shape, float[] Data)>? meanImage,
        params (string Name, long[] Shape, float[] Data)[] more)
    {
        var tensors = new NamedTensors();
        foreach (var (name, values) in SafeTensors.Read(new MemoryStream(file)).Tensors.Where(each => kept(each.Key, each.Value.Shape)))
        {
            var (shape, data) = name == "mean_image" && meanImage is not null ? meanImage(values.Data) : (values.Shape, values.Data);
            tensors.Add(name, shape, data);
        }

        foreach (var (name, shape, data) in more)
        {
            tensors.Add(name, shape, data);
        }

        using var stream = new MemoryStream();
        SafeTensors.Write(stream, tensors, new Dictionary<string, string> { ["padding"] = new(' ', 10_000) });
        return stream.ToArray();
    }
}
