using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Scoring;

/// <summary>Images whose likeliest class is not likely enough have no predicted label, wherever the model is applied.</summary>
[TestClass]
public class RejectionTests
{
    private const int Rows = 30;

    private static readonly MLContext Ml = Images.Context();
    private static readonly MemoryDataView Data = Images.Labelled(Rows, ImageKind.GreyFloats);
    private static readonly ResNetTransformer Plain = Fit(null);
    private static readonly float[][] Scores = Snapshot.Scores(Plain.Transform(Data));

    private static readonly float Threshold = Between(Scores);
    private static readonly ResNetTransformer Model = Fit(Threshold);
    private static readonly uint[] Expected =
        [.. Scores.Select(row => row.Max() < Threshold ? 0 : (uint)Array.IndexOf(row, row.Max()) + 1)];

    [TestMethod]
    public void Rows_below_the_threshold_have_no_label_and_the_same_scores()
    {
        Assert.IsInRange(Rows / 3, Rows * 2 / 3, Expected.Count(label => label == 0), "The test is about some of both.");
        CollectionAssert.AreEqual(Expected, Labels(Model, Data));
        Snapshot.AssertEqual(
            [.. Snapshot.Of(Plain.Transform(Data), "Score")], [.. Snapshot.Of(Model.Transform(Data), "Score")], "scores");
        Assert.IsFalse(Labels(Plain, Data).Contains(0u));
        Assert.AreEqual(Threshold, Model.Model.RejectBelow);
        Assert.IsNull(Plain.Model.RejectBelow);
    }

    [TestMethod]
    public void MapKeyToValue_and_PredictionEngine_make_nothing_of_it()
    {
        var chain = Model.Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(Model.Transform(Data)));
        var texts = chain.Transform(Data).GetColumn<string>("PredictedLabel").ToArray();
        using var engine = Ml.Model.CreatePredictionEngine<Pixels, Prediction>(chain);
        var pixels = Data.GetColumn<float[]>("Features").ToArray();

        foreach (var (text, key, row) in texts.Zip(Expected, Enumerable.Range(0, Rows)))
        {
            Assert.AreEqual(key == 0 ? "" : Images.ClassNames[key - 1], text);
            Assert.AreEqual(text, engine.Predict(new() { Features = pixels[row] }).PredictedLabel ?? "");
        }
    }

    [TestMethod]
    public void Evaluate_looks_at_scores_alone_and_filtering_leaves_those_that_have_a_label()
    {
        var (all, plain) = (Evaluate(Model.Transform(Data)), Evaluate(Plain.Transform(Data)));
        var decided = Ml.Data.FilterRowsByKeyColumnFraction(Model.Transform(Data), "PredictedLabel");
        var truths = Data.GetColumn<byte>("Label").Zip(Expected).Where(pair => pair.Second > 0).ToArray();

        Assert.AreEqual(plain.MicroAccuracy, all.MicroAccuracy);
        Assert.AreEqual(plain.LogLoss, all.LogLoss);
        Assert.AreEqual(Rows, all.ConfusionMatrix.Counts.Sum(row => row.Sum()));
        Assert.AreEqual(truths.Length, Evaluate(decided).ConfusionMatrix.Counts.Sum(row => row.Sum()));
        Assert.AreEqual(truths.Average(pair => pair.First == pair.Second ? 1.0 : 0), Evaluate(decided).MicroAccuracy, 1e-9);

        static MulticlassClassificationMetrics Evaluate(IDataView scored) => Ml.MulticlassClassification.Evaluate(scored);
    }

    [TestMethod]
    public void It_is_saved_under_a_version_that_older_readers_refuse()
    {
        var zip = Save(Model);
        using var loaded = (ResNetTransformer)SavedZip.Load(zip);

        Assert.AreEqual(Model.Model.RejectBelow, loaded.Model.RejectBelow);
        CollectionAssert.AreEqual(Expected, Labels(loaded, Data));
        Assert.AreEqual(3, Version(zip));
        Assert.AreEqual(1, Version(Save(Plain)));

        static int Version(byte[] zip) => JsonNode.Parse(SavedZip.Entry(zip, SavedZip.Header))!["formatVersion"]!.GetValue<int>();
    }

    [TestMethod]
    [DataRow("0")]
    [DataRow("1")]
    [DataRow("-0.5")]
    [DataRow("\"NaN\"")]
    [DataRow("\"half\"")]
    public void A_saved_threshold_that_cannot_be_is_refused(string value) => SavedZip.Refused(
        SavedZip.ChangeHeader(header => header["rejectBelow"] = JsonNode.Parse(value)), "damaged", "model.json", "rejectBelow");

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(-0.1)]
    [DataRow(double.NaN)]
    public void A_threshold_that_is_no_probability_is_refused(double value)
    {
        Assert.Contains("RejectBelow", Assert.ThrowsExactly<InvalidOperationException>(() => Fit(value)).Message);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Plain.WithRejectBelow(value));
    }

    [TestMethod]
    public void A_threshold_can_be_chosen_when_the_model_is_there()
    {
        var same = Plain.WithRejectBelow(Threshold);
        CollectionAssert.AreEqual(Expected, Labels(same, Data));
        same.Dispose();

        using var without = Model.WithRejectBelow(null);
        CollectionAssert.AreEqual(Labels(Plain, Data), Labels(without, Data));
        Assert.HasCount(Rows, Snapshot.Scores(Plain.Transform(Data)));
    }

    // The same scores to the bit, for which the same engine is asked twice.
    [TestMethod]
    public void A_probability_that_is_just_the_threshold_is_enough()
    {
        var row = Array.FindIndex(Scores, each => each.Max() > Threshold);
        using var model = Plain.WithRejectBelow(Scores[row].Max());
        var labels = Labels(model, Data);

        Assert.AreEqual(Expected[row], labels[row]);
        Assert.Contains(0u, labels);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void An_exported_model_gives_minus_1(bool flip)
    {
        using var plain = Fit(null, flip);
        using var model = plain.WithRejectBelow(Between(Snapshot.Scores(plain.Transform(Data))));
        var labels = Labels(model, Data);
        using var stream = new MemoryStream();
        model.Model.ExportToOnnx(stream);
        using var session = new InferenceSession(stream.ToArray());
        var pixels = Data.GetColumn<float[]>("Features").SelectMany(row => row).ToArray();
        using var outputs = session.Run(
            [NamedOnnxValue.CreateFromTensor("pixels", new DenseTensor<float>(pixels, [Rows, 1, Images.Size, Images.Size]))]);

        Assert.Contains(0u, labels);
        CollectionAssert.AreEqual(
            labels.Select(label => (long)label - 1).ToArray(),
            outputs.Single(output => output.Name == "class").AsEnumerable<long>().ToArray());
    }

    [TestMethod]
    [DataRow(9)]
    [DataRow(12)]
    public void A_converted_pipeline_gives_the_missing_key(int opset)
    {
        var onnx = Convert(Model, opset, out var pixels);

        CollectionAssert.AreEqual(Expected, Run<uint>(onnx, pixels));
    }

    // ML.NET writes MapKeyToValue as ONNX's LabelEncoder, whose word for what it does not know is this.
    [TestMethod]
    public void A_converted_pipeline_with_MapKeyToValue_has_no_class_for_it()
    {
        var chain = Model.Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(Model.Transform(Data)));
        var texts = Run<string>(Convert(chain, opset: null, out var pixels), pixels);

        foreach (var (text, key) in texts.Zip(Expected))
        {
            Assert.AreEqual(key == 0 ? "_Unused" : Images.ClassNames[key - 1], text);
        }
    }

    // In the middle of the widest gap between neighbours, a third of the rows or more on either side: no last bit decides.
    private static float Between(float[][] scores)
    {
        var sorted = scores.Select(row => row.Max()).Order().ToArray();
        var upper = Enumerable.Range(Rows / 3, Rows / 3).MaxBy(row => sorted[row] - sorted[row - 1]);
        return (sorted[upper - 1] + sorted[upper]) / 2;
    }

    private static ResNetTransformer Fit(double? threshold, bool flip = false) => Images.Trainer(
        Images.Context(),
        ImageKind.GreyFloats,
        options => (options.RejectBelow, options.TestTimeAugmentation) =
            (threshold, flip ? TestTimeAugmentation.Flip : TestTimeAugmentation.None)).Fit(Data);

    private static uint[] Labels(ResNetTransformer model, IDataView data) => [.. model.Transform(data).GetColumn<uint>("PredictedLabel")];

    private static byte[] Save(ITransformer model)
    {
        using var stream = new MemoryStream();
        Ml.Model.Save(model, null, stream);
        return stream.ToArray();
    }

    private static byte[] Convert(ITransformer model, int? opset, out float[] pixels)
    {
        var data = Images.Unlabelled(Rows, ImageKind.GreyFloats);
        pixels = [.. data.GetColumn<float[]>("Features").SelectMany(row => row)];
        using var stream = new MemoryStream();
        if (opset is { } version)
        {
            Ml.Model.ConvertToOnnx(model, data, version, stream);
        }
        else
        {
            Ml.Model.ConvertToOnnx(model, data, stream);
        }

        return stream.ToArray();
    }

    private static T[] Run<T>(byte[] onnx, float[] pixels)
    {
        using var session = new InferenceSession(onnx);
        var dimensions = session.InputMetadata["Features"].Dimensions;
        using var outputs = session.Run(
            [NamedOnnxValue.CreateFromTensor("Features", new DenseTensor<float>(pixels, [Rows, .. dimensions[1..]]))]);
        return [.. outputs.Single(output => output.Name == "PredictedLabel.output").AsEnumerable<T>()];
    }

    private sealed class Pixels
    {
        [VectorType(1, Images.Size, Images.Size)]
        public float[] Features { get; set; } = [];
    }

    private sealed class Prediction
    {
        public string? PredictedLabel { get; set; }
    }
}
