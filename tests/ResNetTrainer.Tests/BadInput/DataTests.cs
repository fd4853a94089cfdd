using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.MLNet;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.BadInput;

/// <summary>Data that cannot be trained on or scored is refused with an error that names the column and says what to do.</summary>
[TestClass]
public class DataTests
{
    private static readonly MLContext Ml = Images.Context();

    [TestMethod]
    public void A_missing_feature_column()
    {
        Refused<ArgumentOutOfRangeException>(new MemoryDataView(3, Images.Key(LabelKind.Text)), "Features");
        using var model = Images.Trainer(Ml).Fit(Images.Labelled());
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.Transform(new MemoryDataView(3, Images.Number())));
        StringAssert.Contains(error.Message, "Features");
    }

    [TestMethod]
    public void A_missing_label_column() => Refused<ArgumentOutOfRangeException>(Images.Unlabelled(), "Label");

    [TestMethod]
    public void A_label_that_is_no_key() => Refused<ArgumentOutOfRangeException>(
        new MemoryDataView(3, Images.Features(), Images.RawClass(LabelKind.Text, "Label")), "Label", "MapValueToKey");

    [TestMethod]
    public void A_feature_column_of_another_type() => Refused<ArgumentOutOfRangeException>(
        new MemoryDataView(3, Images.Text("Features", _ => ""), Images.Key(LabelKind.Text)),
        "Features", "MLImage", "LoadRawImageBytes(\"ImageBytes\", folder, \"Features\")");

    [TestMethod]
    public void A_label_with_one_class() => RefusedByFit(
        new MemoryDataView(3, Images.Features(), new MemoryColumn<uint>("Label", new KeyDataViewType(typeof(uint), 1), _ => 1)),
        "Label", "one class");

    [TestMethod]
    public void Rows_that_all_have_the_same_label() => RefusedByFit(
        new MemoryDataView(3, Images.Features(), new MemoryColumn<uint>("Label", new KeyDataViewType(typeof(uint), 5), _ => 2)),
        "Label", "same label");

    [TestMethod]
    public void No_rows() => RefusedByFit(Images.Labelled(0), "no rows");

    [TestMethod]
    public void No_rows_of_images_of_unknown_size() => RefusedByFit(Images.Labelled(0, ImageKind.Encoded), "no rows");

    [TestMethod]
    public void Labels_that_are_all_missing() => RefusedByFit(
        new MemoryDataView(4, Images.Features(), Images.Key(LabelKind.Text, missing: _ => true)), "Label", "missing in all rows");

    [TestMethod]
    [DataRow(new[] { 500 }, "square")]
    [DataRow(new[] { 20, 25 }, "20 x 25")]
    [DataRow(new[] { 2, 20, 20 }, "2 channels")]
    [DataRow(new[] { 4, 20, 20 }, "4 channels")]
    public void A_vector_that_is_no_image(int[] dimensions, string word) => RefusedByFit(
        new MemoryDataView(
            3,
            Images.Vector("Features", _ => new byte[dimensions.Aggregate(1, (product, side) => product * side)], dimensions),
            Images.Key(LabelKind.Text)),
        "Features",
        word);

    [TestMethod]
    public void Images_of_different_sizes_without_ImageSize() => RefusedByFit(
        new MemoryDataView(
            4,
            new MemoryColumn<MLImage>("Features", new ImageDataViewType(), row => Images.Image(row, 3, 20 + row)),
            Images.Key(LabelKind.Text)),
        ImageKind.Image,
        "Features", "row 1", "3x21x21", "ImageSize");

    [TestMethod]
    public void A_image_too_small_for_the_network() => RefusedByFit(Images.Labelled(size: 16), "Features", "16x16", "ImageSize");

    [TestMethod]
    [DataRow(float.NaN, 0)]
    [DataRow(float.NaN, 399)]
    [DataRow(float.PositiveInfinity, 200)]
    [DataRow(float.NegativeInfinity, 395)]
    public void Pixels_that_are_no_numbers(float value, int position)
    {
        var data = new MemoryDataView(
            6,
            Images.Vector(
                "Features", row => { var pixels = new float[400]; pixels[position] = row == 4 ? value : 0.5f; return pixels; }, 1, 20, 20),
            Images.Key(LabelKind.Text));
        RefusedByFit(data, "Features", "row 4", "NaN or infinite");

        using var model = Images.Trainer(Ml).Fit(Images.Labelled());
        var error = Assert.ThrowsExactly<UnusableImageException>(() => Snapshot.Scores(model.Transform(data)));
        StringAssert.Contains(error.Message, "row 4");
    }

    [TestMethod]
    public void Bytes_that_are_no_image() => RefusedByFit(
        new MemoryDataView(
            4,
            Images.Vector("Features", row => row == 2 ? new byte[100] : PixelPattern.Bmp(row, 3, 20, 20)),
            Images.Key(LabelKind.Text)),
        ImageKind.Encoded,
        "Features", "row 2", "decoded");

    [TestMethod]
    public void A_validation_set_that_skipped_the_steps_before() => Assert.Contains(
        "steps before the trainer",
        Assert.ThrowsExactly<InvalidOperationException>(
            () => Images.Trainer(Ml, change: options => options.ValidationSet = new MemoryDataView(3, Images.Number()))
                .Fit(Images.Labelled())).Message);

    [TestMethod]
    [DataRow(true, 255f, 0f, "up to 239")]
    [DataRow(false, 255f, 0f, "up to 239")]
    [DataRow(true, 1f, -1f, "-1 to 0.8")]
    [DataRow(false, 1f, -1f, "-1 to 0.8")]
    public void A_validation_set_of_another_scale(bool trainsOnBytes, float white, float black, string scale)
    {
        var (bytes, floats) = (Images.Labelled(12), Images.OfWhite(white, black: black));
        var (train, validation) = trainsOnBytes ? (bytes, floats) : (floats, bytes);

        Says(
            Assert.ThrowsExactly<InvalidOperationException>(() => Images.Trainer(Ml).Fit(train, validation)),
            ["validation set", "steps before the trainer", scale]);
    }

    public static IEnumerable<object[]> BadOptions =>
    [
        ["ImageChannels", (Action<ResNetTrainer.Options>)(options => options.ImageChannels = 2)],
        ["MaximumImagePixels", (Action<ResNetTrainer.Options>)(options => options.MaximumImagePixels = 0)],
        ["MaximumImagePixels", (Action<ResNetTrainer.Options>)(options => options.MaximumImagePixels = 600_000_000)],
        ["UnreadableImages", (Action<ResNetTrainer.Options>)(options => options.UnreadableImages = (UnreadableImages)9)],
        ["ImageSize", (Action<ResNetTrainer.Options>)(options => options.ImageSize = 0)],
        ["NumberOfEpochs", (Action<ResNetTrainer.Options>)(options => options.NumberOfEpochs = 0)],
        ["BatchSize", (Action<ResNetTrainer.Options>)(options => options.BatchSize = 1)],
        ["LearningRate", (Action<ResNetTrainer.Options>)(options => options.LearningRate = double.NaN)],
        ["LearningRate", (Action<ResNetTrainer.Options>)(options => options.LearningRate = -0.1)],
        ["LabelSmoothing", (Action<ResNetTrainer.Options>)(options => options.LabelSmoothing = 1)],
        ["LabelSmoothing", (Action<ResNetTrainer.Options>)(options => options.LabelSmoothing = double.NaN)],
        ["MemoryBudget", (Action<ResNetTrainer.Options>)(options => options.MemoryBudget = -1)],
        ["Device", (Action<ResNetTrainer.Options>)(options => options.Device = (ComputeDevice)9)],
        ["Precision", (Action<ResNetTrainer.Options>)(options => options.Precision = (ComputePrecision)9)],
        ["Recipe", (Action<ResNetTrainer.Options>)(options => options.Recipe = (TrainingRecipe)9)],
        ["ResizeMode", (Action<ResNetTrainer.Options>)(options => options.ResizeMode = (ResizeMode)9)],
        ["groups", (Action<ResNetTrainer.Options>)(options => options.Architecture = options.Architecture! with { Groups = 0 })],
        ["depths", (Action<ResNetTrainer.Options>)(options =>
            options.Architecture = options.Architecture! with { Depths = new(1, 0, 1, 1) })],
        ["ValidationFraction", (Action<ResNetTrainer.Options>)(options => options.ValidationFraction = 1)],
        ["ValidationFraction", (Action<ResNetTrainer.Options>)(options =>
            (options.ValidationFraction, options.ValidationSet) = (0.5, Images.Labelled()))],
        ["ClassWeights", (Action<ResNetTrainer.Options>)(options => options.ClassWeights = (ClassWeights)9)],
        ["OnCancellation", (Action<ResNetTrainer.Options>)(options => options.OnCancellation = (CancellationBehavior)9)],
        ["BestWeightsBy", (Action<ResNetTrainer.Options>)(options => options.BestWeightsBy = (TrainingMetric)9)],
        ["EarlyStopping.Metric", (Action<ResNetTrainer.Options>)(options => options.EarlyStopping = new() { Metric = (TrainingMetric)9 })],
        ["EarlyStopping.Patience", (Action<ResNetTrainer.Options>)(options => options.EarlyStopping = new() { Patience = 0 })],
        ["EarlyStopping.LeastImprovement", (Action<ResNetTrainer.Options>)(options =>
            options.EarlyStopping = new() { LeastImprovement = -1 })],
        ["FrozenStages", (Action<ResNetTrainer.Options>)(options => options.FrozenStages = 5)],
        ["null without StartFrom or InitialWeights", (Action<ResNetTrainer.Options>)(options => options.FrozenStages = 2)],
        ["BodyLearningRateMultiplier", (Action<ResNetTrainer.Options>)(options => options.BodyLearningRateMultiplier = 0)],
        ["Checkpoints.Epochs", (Action<ResNetTrainer.Options>)(options => options.Checkpoints = new() { Directory = "x", Epochs = 0 })],
        ["Checkpoints.Minutes", (Action<ResNetTrainer.Options>)(options => options.Checkpoints = new() { Directory = "x", Minutes = 0 })],
        ["Checkpoints.Kept", (Action<ResNetTrainer.Options>)(options => options.Checkpoints = new() { Directory = "x", Kept = 0 })],
        ["Checkpoints.Directory", (Action<ResNetTrainer.Options>)(options => options.Checkpoints = new() { Directory = "" })],
        ["width", (Action<ResNetTrainer.Options>)(options => options.Architecture = options.Architecture! with { Width = 0 })],
        ["FeatureColumnName", (Action<ResNetTrainer.Options>)(options => options.FeatureColumnName = " ")],
        ["PredictedLabelColumnName", (Action<ResNetTrainer.Options>)(options =>
            options.PredictedLabelColumnName = options.ScoreColumnName)],
    ];

    [TestMethod]
    [DynamicData(nameof(BadOptions))]
    public void An_option_out_of_range(string option, Action<ResNetTrainer.Options> change) => Assert.Contains(
        option, Assert.ThrowsExactly<InvalidOperationException>(() => Images.Trainer(Ml, change: change)).Message);

    [TestMethod]
    public void Floats_of_0_to_255_are_refused_by_a_model_that_was_trained_on_images()
    {
        using var model = Images.Trainer(Ml).Fit(Images.Labelled());
        var columns = SchemaDefinition.Create(typeof(Numbers));
        columns[nameof(Numbers.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 1, Images.Size, Images.Size);
        using var engine = Ml.Model.CreatePredictionEngine<Numbers, Scored>(model, inputSchemaDefinition: columns);
        Scored Predict(float factor) => engine.Predict(new()
        {
            Features = [.. PixelPattern.Planes(0, 1, Images.Size, Images.Size).Select(pixel => pixel * factor)],
        });

        Assert.HasCount(3, Predict(1 / 255f).Score);
        Says(Assert.ThrowsExactly<UnusableImageException>(() => Predict(1)), ["in [0, 1]", "scaleImage"]);
        Assert.HasCount(3, Predict(1 / 255f).Score);
    }

    [TestMethod]
    public void A_part_for_validation_that_has_no_rows_is_called_that()
    {
        var trainer = Images.Trainer(Ml, change: options => options.ValidationFraction = 1e-9);
        var message = Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(Images.Labelled())).Message;

        Says(new InvalidOperationException(message), ["The validation set has no rows", "ValidationFraction"]);
    }

    [TestMethod]
    public void What_is_wrong_with_the_columns_for_validation_is_said_before_an_image_is_read()
    {
        var train = Images.Labelled();
        var validation = new MemoryDataView(6, Images.Key(LabelKind.ByteKeyWithText));
        var message = Assert.ThrowsExactly<InvalidOperationException>(() => Images.Trainer(Ml).Fit(train, validation)).Message;

        Assert.Contains("The validation set has no column 'Features'", message);
        Assert.AreEqual(0, train.RowsRead);
    }

    [TestMethod]
    public void A_GPU_that_is_not_there()
    {
        if (TorchSharp.torch.cuda.is_available())
        {
            Assert.Inconclusive("There is a GPU.");
        }

        var error = Assert.ThrowsExactly<InvalidOperationException>(
            () => Images.Trainer(Ml, change: options => options.Device = ComputeDevice.Cuda).Fit(Images.Labelled()));
        StringAssert.Contains(error.Message, "FallbackToCpu");

        var forgiving = new MLContext(1) { FallbackToCpu = true, GpuDeviceId = 0 };
        using var model = Images.Trainer(forgiving, change: options => options.Device = ComputeDevice.Cuda).Fit(Images.Labelled());
        Assert.AreEqual("cpu", model.Model.Training.Device);

        var negative = new MLContext(1) { GpuDeviceId = -1 };
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => Images.Trainer(
                negative, change: options => options.Device = ComputeDevice.Auto).Fit(Images.Labelled())).Message,
            "FallbackToCpu");

        // Named after the trainer was made, and with the device left open.
        var context = new MLContext(1);
        var trainer = Images.Trainer(context, change: options => options.Device = ComputeDevice.Auto);
        context.GpuDeviceId = 3;
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(Images.Labelled())).Message, "FallbackToCpu");
        var log = new List<string>();
        context.Log += (_, message) => log.Add(message.RawMessage);
        context.FallbackToCpu = true;
        trainer.Fit(Images.Labelled()).Dispose();
        Assert.ContainsSingle(line => line.Contains("The CPU is used instead", StringComparison.Ordinal), log);
    }

    private sealed class Numbers
    {
        public float[] Features { get; set; } = [];
    }

    private sealed class Scored
    {
        public float[] Score { get; set; } = [];
    }

    private static void Refused<TException>(IDataView data, params string[] words)
        where TException : Exception
    {
        Says(Assert.ThrowsExactly<TException>(() => Images.Trainer(Ml).GetOutputSchema(Internals.ShapeOf(data.Schema))), words);
        Says(Assert.ThrowsExactly<TException>(() => Images.Trainer(Ml).Fit(data)), words);
    }

    private static void RefusedByFit(IDataView data, params string[] words) => RefusedByFit(data, ImageKind.GreyBytes, words);

    private static void RefusedByFit(IDataView data, ImageKind kind, params string[] words) =>
        Says(Assert.Throws<InvalidOperationException>(() => Images.Trainer(Ml, kind).Fit(data)), words);

    private static void Says(Exception error, string[] words)
    {
        foreach (var word in words)
        {
            StringAssert.Contains(error.Message, word);
        }
    }
}
