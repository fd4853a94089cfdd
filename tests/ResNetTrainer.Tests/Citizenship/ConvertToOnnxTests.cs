using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Citizenship;

/// <summary>ML.NET's own ConvertToOnnx writes a whole pipeline with the network in it, or says why it cannot.</summary>
[TestClass]
public class ConvertToOnnxTests
{
    private const int Rows = 7;

    private static readonly MLContext Ml = Images.Context();

    [TestMethod]
    [DataRow(ImageKind.GreyBytes)]
    [DataRow(ImageKind.Bytes)]
    [DataRow(ImageKind.GreyFloats)]
    [DataRow(ImageKind.Floats)]
    [DataRow(ImageKind.FlatGreyBytes)]
    [DataRow(ImageKind.FlatFloats)]
    [DataRow(ImageKind.SparseFloats)]
    public void Every_column_of_pixels_converts(ImageKind kind) => Compare(Images.Trainer(Ml, kind, Learn), kind);

    [TestMethod]
    [DataRow(ResizeMode.Stretch, 30, 50)]
    [DataRow(ResizeMode.CenterCrop, 30, 50)]
    [DataRow(ResizeMode.CenterCrop, 61, 23)]
    [DataRow(ResizeMode.Pad, 30, 50)]
    [DataRow(ResizeMode.Pad, 61, 23)]
    public void Resizing_is_part_of_the_model(ResizeMode mode, int height, int width)
    {
        var features = Images.Vector("Features", i => PixelPattern.Planes(i, 3, height, width), 3, height, width);
        var model = Images.Trainer(Ml, ImageKind.Bytes, options => (options.ImageSize, options.ResizeMode) = (28, mode))
            .Fit(new MemoryDataView(12, [features, Images.Key(LabelKind.Text)]));
        var data = new MemoryDataView(Rows, [features]);

        AssertSame(model, data, Convert(model, data));
    }

    [TestMethod]
    [DataRow(TestTimeAugmentation.Flip)]
    [DataRow(TestTimeAugmentation.FlipAndShift)]
    public void Test_time_augmentation_is_part_of_the_model(TestTimeAugmentation views) =>
        Compare(Images.Trainer(Ml, change: options => options.TestTimeAugmentation = views), ImageKind.GreyBytes);

    [TestMethod]
    [DataRow(9)]
    [DataRow(10)]
    [DataRow(11)]
    [DataRow(12)]
    public void Every_opset_of_MLNET_will_do(int opset) => CompareAt(opset, options =>
        (options.TestTimeAugmentation, options.ImageSize) = (TestTimeAugmentation.FlipAndShift, 24));

    [TestMethod]
    [DataRow(9)]
    [DataRow(12)]
    public void Skips_without_weights_are_part_of_the_model(int opset) => CompareAt(opset, options =>
        options.Architecture = ResNetArchitecture.ResNet20 with { Width = 3, Depths = new(2, 1, 1) });

    [TestMethod]
    public void A_pipeline_converts_from_preprocessing_to_the_name_of_the_class()
    {
        var data = new MemoryDataView(24, Images.Features(ImageKind.FlatGreyFloats), Images.RawClass(LabelKind.Text));
        var model = Ml.Transforms.Conversion.MapValueToKey("Label", "Class")
            .Append(Ml.Transforms.NormalizeMeanVariance("Features"))
            .Append(Images.Trainer(Ml, change: Learn))
            .Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"))
            .Append(Ml.Transforms.Concatenate("Twice", "Score", "Score"))
            .Fit(data);
        var outputs = Run(Convert(model, data), data);
        var scored = model.Transform(data);

        AssertClose(scored.GetColumn<float[]>("Score"), outputs["Score.output"]);
        AssertClose(scored.GetColumn<float[]>("Twice"), outputs["Twice.output"]);
        var labels = scored.GetColumn<string>("PredictedLabel").ToArray();
        CollectionAssert.AreEqual(labels, outputs["PredictedLabel.output"].AsEnumerable<string>().ToArray());
        Assert.IsGreaterThan(1, labels.Distinct().Count());
    }

    [TestMethod]
    public void A_loaded_model_converts_and_only_the_columns_asked_for_come_out()
    {
        var data = Images.Labelled(12);
        using var zip = new MemoryStream();
        Ml.Model.Save(Images.Trainer(Ml).Fit(data), data.Schema, zip);
        var loaded = new MLContext().Model.Load(zip, out _);
        using var stream = new MemoryStream();
        Ml.Model.ConvertToOnnx(loaded, data, stream, "Score");
        var outputs = Run(stream.ToArray(), data);

        AssertClose(loaded.Transform(data).GetColumn<float[]>("Score"), outputs["Score.output"]);
        Assert.DoesNotContain("PredictedLabel.output", outputs.Keys);
    }

    [TestMethod]
    public void Two_networks_and_a_column_named_like_a_layer_do_not_get_in_each_others_way()
    {
        var data = Images.Labelled(
            12, more: [Images.Features(ImageKind.Floats, name: "resnet.conv1"), Images.Number("resnet.probabilities")]);
        var model = Images.Trainer(Ml)
            .Append(Images.Trainer(Ml, ImageKind.Floats, options =>
            {
                options.FeatureColumnName = "resnet.conv1";
                (options.ScoreColumnName, options.PredictedLabelColumnName) = ("Score2", "PredictedLabel2");
            }))
            .Fit(data);
        var outputs = Run(Convert(model, data), data);
        var scored = model.Transform(data);

        AssertClose(scored.GetColumn<float[]>("Score"), outputs["Score.output"]);
        AssertClose(scored.GetColumn<float[]>("Score2"), outputs["Score2.output"]);
        CollectionAssert.AreEqual(Enumerable.Range(0, 12).ToArray(), outputs["resnet.probabilities.output"].AsEnumerable<int>().ToArray());
    }

    [TestMethod]
    public void Scores_converted_go_through_ApplyOnnxModel()
    {
        var data = Images.Unlabelled(Rows, ImageKind.GreyFloats);
        var model = Images.Trainer(Ml, ImageKind.GreyFloats).Fit(Images.Labelled(12, ImageKind.GreyFloats));
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.onnx");
        try
        {
            File.WriteAllBytes(file, Convert(model, data));

            // ML.NET takes the suffix off the names of the outputs.
            var scored = Ml.Transforms.ApplyOnnxModel(["Score.output"], ["Features"], file).Fit(data).Transform(data);

            foreach (var (one, other) in model.Transform(data).GetColumn<float[]>("Score").Zip(scored.GetColumn<float[]>("Score")))
            {
                AssertClose(one, other);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    [DataRow(ImageKind.GreyImage)]
    [DataRow(ImageKind.Image)]
    [DataRow(ImageKind.Encoded)]
    public void A_column_of_images_is_refused_and_the_way_out_named(ImageKind kind)
    {
        var model = Images.Trainer(Ml, kind, options => options.ImageSize = 20).Fit(Images.Labelled(12, kind));

        AssertRefused(model, Images.Unlabelled(Rows, kind), "'Features'", "ExportToOnnx");
    }

    [TestMethod]
    public void Image_transforms_before_the_network_are_refused_and_the_way_out_named()
    {
        var data = new MemoryDataView(12, Images.Features(ImageKind.GreyImage, name: "Image"), Images.Key(LabelKind.Text));
        var model = Ml.Transforms.ResizeImages("Resized", 24, 24, "Image")
            .Append(Ml.Transforms.ExtractPixels("Features", "Resized", ImagePixelExtractingEstimator.ColorBits.Blue, scaleImage: 1 / 255f))
            .Append(Images.Trainer(Ml))
            .Fit(data);

        AssertRefused(model, data, "'Features'", "ExportToOnnx");
    }

    [TestMethod]
    public void A_step_that_cannot_be_written_and_makes_other_pixels_of_the_same_name_is_refused()
    {
        var data = new MemoryDataView(12, Images.Features(ImageKind.GreyFloats), Images.Key(LabelKind.Text), Images.Number());
        var halved = Ml.Transforms.CustomMapping<Pixels, Pixels>((from, to) => to.Features = [.. from.Features.Select(x => x / 2)], null)
            .Append(Images.Trainer(Ml, ImageKind.GreyFloats))
            .Fit(data);
        var lost = Ml.Transforms.NormalizeMinMax("Features")
            .Append(Ml.Transforms.CustomMapping<Numbered, Doubled>((from, to) => to.Twice = 2 * from.Number, null))
            .Append(Images.Trainer(Ml, ImageKind.GreyFloats))
            .Fit(data);
        var hidden = Ml.Transforms.CustomMapping<Pixels, Pixels>((from, to) => to.Features = [.. from.Features.Select(x => x / 2)], null)
            .Append(Ml.Transforms.CopyColumns("Copied", "Features"))
            .Append(Images.Trainer(Ml, ImageKind.GreyFloats, options => options.FeatureColumnName = "Copied"))
            .Fit(data);

        AssertRefused(halved, data, "'Features'", "ExportToOnnx");
        AssertRefused(lost, data, "'Features'", "ExportToOnnx");
        AssertRefused(hidden, data, "'Copied'", "ExportToOnnx");
    }

    [TestMethod]
    public void A_step_that_cannot_be_written_and_leaves_the_pixels_alone_does_no_harm()
    {
        var data = Images.Labelled(12, ImageKind.GreyFloats, more: Images.Number());
        var model = Ml.Transforms.CustomMapping<Numbered, Doubled>((from, to) => to.Twice = 2 * from.Number, null)
            .Append(Images.Trainer(Ml, ImageKind.GreyFloats))
            .Fit(data);
        using var stream = new MemoryStream();
        Ml.Model.ConvertToOnnx(model, data, stream, "Score");

        AssertClose(model.Transform(data).GetColumn<float[]>("Score"), Run(stream.ToArray(), data)["Score.output"]);
    }

    [TestMethod]
    public void An_image_that_the_network_does_not_read_is_refused_by_its_name()
    {
        var model = Images.Trainer(Ml).Fit(Images.Labelled(12));

        var data = Images.Unlabelled(Rows, more: [Images.Features(ImageKind.Image, name: "Image")]);

        AssertRefused(model, data, "'Image'", "without that column");
    }

    // Three classes that look as different as they are.
    private static void Learn(ResNetTrainer.Options options) => (options.NumberOfEpochs, options.LearningRate) = (4, 0.05);

    private static void Compare(ResNetTrainer trainer, ImageKind kind)
    {
        var model = trainer.Fit(Images.Labelled(24, kind));
        var data = Images.Unlabelled(Rows, kind);

        AssertSame(model, data, Convert(model, data));
    }

    private static void CompareAt(int opset, Action<ResNetTrainer.Options> change)
    {
        var model = Images.Trainer(Ml, change: change).Fit(Images.Labelled(12));
        var data = Images.Unlabelled(Rows);
        using var stream = new MemoryStream();
        Ml.Model.ConvertToOnnx(model, data, opset, stream);

        AssertSame(model, data, stream.ToArray());
    }

    private static byte[] Convert(ITransformer model, IDataView data)
    {
        using var stream = new MemoryStream();
        Ml.Model.ConvertToOnnx(model, data, stream);
        return stream.ToArray();
    }

    private static void AssertSame(ITransformer model, IDataView data, byte[] onnx)
    {
        var outputs = Run(onnx, data);
        var scored = model.Transform(data);

        AssertClose(scored.GetColumn<float[]>("Score"), outputs["Score.output"]);
        CollectionAssert.AreEqual(
            scored.GetColumn<uint>("PredictedLabel").ToArray(), outputs["PredictedLabel.output"].AsEnumerable<uint>().ToArray());
    }

    private static void AssertRefused(ITransformer model, IDataView data, params string[] words)
    {
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Convert(model, data));

        Array.ForEach(words, word => Assert.Contains(word, error.Message));
    }

    private static Dictionary<string, DisposableNamedOnnxValue> Run(byte[] onnx, IDataView data)
    {
        var session = new InferenceSession(onnx);
        return session.Run([.. session.InputNames.Select(Input)]).ToDictionary(output => output.Name);

        NamedOnnxValue Input(string name)
        {
            var type = session.InputMetadata[name].ElementType;
            return type == typeof(float) ? Tensor<float>(name)
                : type == typeof(byte) ? Tensor<byte>(name)
                : type == typeof(int) ? Tensor<int>(name)
                : NamedOnnxValue.CreateFromTensor(name, new DenseTensor<string>(data.GetColumn<string>(name).ToArray(), [Count(), 1]));
        }

        NamedOnnxValue Tensor<T>(string name)
            where T : unmanaged
        {
            var values = data.Schema[name].Type is VectorDataViewType
                ? data.GetColumn<VBuffer<T>>(name).SelectMany(row => row.DenseValues()).ToArray()
                : data.GetColumn<T>(name).ToArray();
            var dimensions = session.InputMetadata[name].Dimensions;
            return NamedOnnxValue.CreateFromTensor(name, new DenseTensor<T>(values, [Count(), .. dimensions[1..]]));
        }

        int Count() => (int)data.GetRowCount()!;
    }

    private static void AssertClose(IEnumerable<float[]> expected, DisposableNamedOnnxValue found) =>
        AssertClose(expected.SelectMany(row => row), found.AsEnumerable<float>());

    private static void AssertClose(IEnumerable<float> expected, IEnumerable<float> found)
    {
        Assert.HasCount(expected.Count(), found);
        foreach (var (one, other) in expected.Zip(found))
        {
            Assert.AreEqual(one, other, 2e-5f);
        }
    }

    private sealed class Pixels
    {
        [VectorType(1, Images.Size, Images.Size)]
        public float[] Features { get; set; } = [];
    }

    private sealed class Numbered
    {
        public int Number { get; set; }
    }

    private sealed class Doubled
    {
        public int Twice { get; set; }
    }
}
