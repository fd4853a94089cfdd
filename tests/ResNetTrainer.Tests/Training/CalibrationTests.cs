using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using ResNetMLNet.Formats;
using ResNetMLNet.Scoring.Engines;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training;

namespace ResNetMLNet.Tests.Training;

/// <summary>Temperature scaling: the number that is found, and a model that has it.</summary>
[TestClass]
public class CalibrationTests
{
    // More than accuracy needs to become what it can be, so that the best epoch is not the last.
    private const int Epochs = 12;

    private static readonly MLContext Ml = Images.Context();

    // Every fifth image is of another class than its label says, so that no network can be sure.
    private static readonly MemoryDataView Validation = new(60, Doubtful, Images.Key(LabelKind.ByteKeyWithText));

    private static MemoryColumn Doubtful => Images.Vector(
        "Features", i => PixelPattern.Planes(i % 5 == 0 ? i + 1 : i, 1, Images.Size, Images.Size), 1, Images.Size, Images.Size);

    [TestMethod]
    public void Finding_the_temperature_can_be_stopped()
    {
        var set = new CalibrationSet([[2, 0, 0, 1]], [0, 0], [1, 1]);

        Assert.ThrowsExactly<OperationCanceledException>(
            () => Calibration.Find(set, () => throw new OperationCanceledException(), out _));
    }

    [TestMethod]
    [DataRow(1, 3.0)]
    [DataRow(1, 0.4)]
    [DataRow(2, 3.0)]
    [DataRow(2, 0.4)]
    public void The_temperature_is_that_of_a_reference_optimiser(int views, double sureness)
    {
        var set = Drawn(views, sureness);
        var found = Calibration.Find(set, () => { }, out var problem);

        // A reference that shares nothing with it: the loss written out once more, on a grid that is made finer around its least value.
        var (from, to) = (-4.0, 4.0);
        while (to - from > 1e-6)
        {
            var grid = Enumerable.Range(0, 101).Select(i => from + (i * (to - from) / 100)).ToArray();
            var best = grid.MinBy(x => Loss(set, Math.Exp(x)));
            (from, to) = (best - ((to - from) / 50), best + ((to - from) / 50));
        }

        var expected = Math.Exp((from + to) / 2);
        Assert.IsNull(problem);
        Assert.AreEqual(expected, found.Temperature, 1e-3);
        Assert.AreEqual(Loss(set, expected), found.LossAfter, 1e-6);
        Assert.AreEqual(Loss(set, 1), found.LossBefore, 1e-9);
        Assert.IsGreaterThan(0.5, Math.Abs(Math.Log(found.Temperature)), "The test is about a temperature that is not 1.");
        Assert.IsLessThan(found.CalibrationErrorBefore, found.CalibrationErrorAfter);
    }

    [TestMethod]
    [DataRow(new float[] { 2, 1, 0, 0, 3, 1 }, new[] { 0, 1 }, "every image")]
    [DataRow(new float[] { 2, 1, 0, 0, 3, 1 }, new[] { 2, 0 }, "no better than chance")]
    public void A_set_that_says_nothing_about_it_leaves_everything_as_it_is(float[] logits, int[] labels, string reason)
    {
        var found = Calibration.Find(new([logits], labels, [1, 1]), () => { }, out var problem);

        Assert.Contains(reason, problem!);
        Assert.AreEqual(1, found.Temperature);
        Assert.AreEqual(found.LossBefore, found.LossAfter);
    }

    [TestMethod]
    public void Images_of_no_weight_do_not_count()
    {
        var (all, more) = (Drawn(1, 2), Drawn(1, 2, seed: 8));
        var both = new CalibrationSet(
            [[.. all.Views[0], .. more.Views[0]]],
            [.. all.Labels, .. more.Labels],
            [.. all.Weights, .. more.Weights.Select(_ => 0f)]);

        Assert.AreEqual(Calibration.Find(all, () => { }, out _), Calibration.Find(both, () => { }, out _));
    }

    [TestMethod]
    [DataRow(false, false)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    public void A_model_has_the_probabilities_that_its_summary_tells_of(bool flip, bool best)
    {
        using var plain = Fit(flip, best, calibrate: false);
        using var model = Fit(flip, best, calibrate: true);
        var found = model.Model.Training.Calibration!;

        Assert.IsNull(plain.Model.Training.Calibration);
        Assert.AreNotEqual(Epochs, model.Model.Training.BestEpoch, "The test is about a best epoch that is not the last.");
        Assert.AreEqual(Evaluate(plain).LogLoss, found.LossBefore, 1e-5);
        Assert.AreEqual(Evaluate(model).LogLoss, found.LossAfter, 1e-5);
        Assert.IsLessThan(found.LossBefore - 0.001, found.LossAfter, "The test is about a model that is not calibrated by itself.");
        Assert.AreEqual(Error(plain), found.CalibrationErrorBefore, 1e-4);
        Assert.AreEqual(Error(model), found.CalibrationErrorAfter, 1e-4);
        if (!flip)
        {
            Assert.AreEqual(Evaluate(plain).MicroAccuracy, Evaluate(model).MicroAccuracy);
            Assert.AreEqual(
                (best ? model.Model.History[model.Model.Training.BestEpoch!.Value - 1] : model.Model.History[^1]).ValidationLoss!.Value,
                found.LossBefore,
                1e-5);
        }
    }

    [TestMethod]
    public void Logits_are_divided_by_the_temperature_for_both_engines_and_in_the_files()
    {
        using var plain = Fit(flip: false, best: false, calibrate: false);
        using var model = Fit(flip: false, best: false, calibrate: true);
        var temperature = model.Model.Training.Calibration!.Temperature;
        var images = Enumerable.Range(0, 4).SelectMany(i => PixelPattern.Planes(i, 1, Images.Size, Images.Size))
            .Select(pixel => pixel / 255f).ToArray();
        using var torch = new TorchScorer(model.Model.Network, gpu: null);
        using var onnx = new OnnxScorer(model.Model.Network);
        using var before = new OnnxScorer(plain.Model.Network);

        var expected = Scores(before).Chunk(3).SelectMany(row => Softmax([.. row.Select(p => Math.Log(p) / temperature)])).ToArray();
        foreach (var scorer in (IScorer[])[torch, onnx])
        {
            foreach (var (one, other) in expected.Zip(Scores(scorer)))
            {
                Assert.AreEqual(one, other, 1e-5);
            }
        }

        foreach (var name in (string[])["fc.weight", "fc.bias"])
        {
            var (undivided, divided) = (plain.Model.Network.Weights[name].ToArray(), model.Model.Network.Weights[name].ToArray());
            foreach (var (one, other) in undivided.Zip(divided))
            {
                Assert.AreEqual(one / temperature, other, 1e-6);
            }
        }

        CollectionAssert.AreEqual(
            plain.Model.Network.Weights["conv1.weight"].ToArray(), model.Model.Network.Weights["conv1.weight"].ToArray());

        float[] Scores(IScorer scorer)
        {
            var values = new float[4 * 3];
            scorer.Score(images.ToArray(), values);
            return values;
        }
    }

    [TestMethod]
    public void The_logits_of_an_exported_file_are_divided_by_it_too()
    {
        using var plain = Fit(flip: false, best: false, calibrate: false);
        using var model = Fit(flip: false, best: false, calibrate: true);
        var temperature = model.Model.Training.Calibration!.Temperature;
        var (before, after) = (Outputs(plain.Model), Outputs(model.Model));

        Assert.IsGreaterThan(0.01, Math.Abs(temperature - 1), "The test is about a temperature that is not 1.");
        Snapshot.AssertNear([[.. before.Logits.Select(logit => (float)(logit / temperature))]], [after.Logits], 1e-4);
        Snapshot.AssertNear(
            [.. after.Probabilities.Chunk(3)],
            [.. after.Logits.Chunk(3).Select(row => Softmax([.. row.Select(logit => (double)logit)]).Select(p => (float)p).ToArray())]);

        static (float[] Logits, float[] Probabilities) Outputs(ResNetModel model)
        {
            using var stream = new MemoryStream();
            model.ExportToOnnx(stream);
            using var session = new InferenceSession(stream.ToArray());
            var pixels = Images.Unlabelled(4, ImageKind.GreyFloats).GetColumn<float[]>("Features").SelectMany(image => image).ToArray();
            using var input = OrtValue.CreateTensorValueFromMemory(pixels, [4, 1, Images.Size, Images.Size]);
            using var options = new RunOptions();
            using var outputs = session.Run(options, ["pixels"], [input], ["logits", "probabilities"]);
            return (outputs[0].GetTensorDataAsSpan<float>().ToArray(), outputs[1].GetTensorDataAsSpan<float>().ToArray());
        }
    }

    [TestMethod]
    public void A_saved_model_has_it_and_older_readers_can_read_it()
    {
        using var model = Fit(flip: false, best: false, calibrate: true);
        using var zip = new MemoryStream();
        Ml.Model.Save(model, null, zip);
        using var loaded = (ResNetTransformer)SavedZip.Load(zip.ToArray());
        using var weights = new MemoryStream(SavedZip.Entry(zip.ToArray(), SavedZip.Weights));
        var header = System.Text.Json.Nodes.JsonNode.Parse(SavedZip.Entry(zip.ToArray(), SavedZip.Header))!;

        Assert.AreEqual(model.Model.Training.Calibration, loaded.Model.Training.Calibration);
        Snapshot.AssertEqual(Snapshot.Of(model.Transform(Validation)), Snapshot.Of(loaded.Transform(Validation)), "scores");
        Assert.AreEqual(1, header["formatVersion"]!.GetValue<int>());
        Assert.AreEqual(
            model.Model.Training.Calibration!.Temperature.ToString(CultureInfo.InvariantCulture),
            SafeTensors.Read(weights, out var texts) is not null ? texts["temperature"] : "");
    }

    [TestMethod]
    public void It_wants_a_validation_set()
    {
        var error = Assert.ThrowsExactly<InvalidOperationException>(
            () => Images.Trainer(Ml, change: options => options.Calibrate = true).Fit(Images.Labelled()));

        Assert.Contains("Calibrate", error.Message);
        Assert.Contains("ValidationFraction", error.Message);
        using var model = Images.Trainer(Ml, change: options => (options.Calibrate, options.ValidationFraction) = (true, 0.3))
            .Fit(Images.Labelled(60));
        Assert.IsNotNull(model.Model.Training.Calibration);
    }

    [TestMethod]
    public void What_it_came_to_is_in_the_log()
    {
        var ml = Images.Context();
        var lines = new List<string>();
        ml.Log += (_, message) => lines.Add(message.RawMessage);
        using var model = Fit(flip: false, best: false, calibrate: true, ml);
        var found = model.Model.Training.Calibration!;

        var line = lines.Single(line => line.StartsWith("calibrated: ", StringComparison.Ordinal));
        Assert.Contains(FormattableString.Invariant($"temperature {found.Temperature:F3}"), line);
        Assert.Contains(FormattableString.Invariant($"{found.LossBefore:F4} to {found.LossAfter:F4}"), line);
        Assert.Contains(FormattableString.Invariant($"{found.CalibrationErrorBefore:F4} to {found.CalibrationErrorAfter:F4}"), line);
    }

    [TestMethod]
    public void A_training_that_is_cancelled_is_not_calibrated()
    {
        using var source = new CancellationTokenSource();
        using var model = Images.Trainer(Ml, change: options =>
        {
            (options.Calibrate, options.ValidationSet, options.NumberOfEpochs) = (true, Validation, 1000);
            (options.CancellationToken, options.OnCancellation) = (source.Token, CancellationBehavior.ReturnModel);
            options.EpochCallback = _ => source.Cancel();
        }).Fit(Images.Labelled());

        Assert.AreEqual(TrainingOutcome.Cancelled, model.Model.Training.Outcome);
        Assert.IsNull(model.Model.Training.Calibration);
    }

    [TestMethod]
    public void Frozen_features_and_weights_of_examples_and_classes_are_seen_to()
    {
        using var start = Fit(flip: false, best: false, calibrate: false);
        using var model = Images.Trainer(Ml, change: options =>
        {
            (options.StartFrom, options.FrozenStages, options.Calibrate, options.LearningRate) = (start, 4, true, 1e-12);
            (options.ExampleWeightColumnName, options.ClassWeights) = ("Weight", ClassWeights.Balanced);
        }).Fit(Weighted(30), Weighted(60));

        Assert.AreEqual(model.Model.History[^1].ValidationLoss!.Value, model.Model.Training.Calibration!.LossBefore, 1e-5);
        Assert.AreNotEqual(1, model.Model.Training.Calibration.Temperature);

        static MemoryDataView Weighted(int rows) => new(
            rows, Doubtful, Images.Key(LabelKind.ByteKeyWithText),
            new MemoryColumn<float>("Weight", NumberDataViewType.Single, i => 1 + (i % 4)));
    }

    [TestMethod]
    public void A_training_goes_on_from_what_the_model_has()
    {
        using var start = Fit(flip: false, best: false, calibrate: true);
        using var model = Images.Trainer(Ml, change: options => (options.StartFrom, options.LearningRate, options.FrozenStages) =
            (start, 1e-12, 4)).Fit(Images.Labelled());

        Assert.IsNull(model.Model.Training.Calibration);
        Snapshot.AssertNear(Snapshot.Scores(start.Transform(Validation)), Snapshot.Scores(model.Transform(Validation)));
    }

    [TestMethod]
    public void The_calibration_error_of_rows_is_what_one_computes_by_hand()
    {
        // In (0.533, 0.6]: two rows, one right: |0.5 - 0.57|. In (0.733, 0.8]: one, right: |1 - 0.8|. In (0.933, 1]: one, wrong: 1.
        Row[] rows =
        [
            new(1, 0.59f, 0.41f), new(2, 0.55f, 0.45f), new(1, 0.8f - 1e-6f, 0.2f + 1e-6f), new(1, 0, 1),
            new(0, 0.1f, 0.9f), new(1, float.NaN, float.NaN),
        ];

        Assert.AreEqual(((2 * 0.07) + 0.2 + 1) / 4, Error(rows), 1e-5);
        Assert.AreEqual(0, Error([new(1, 1, 0), new(2, 0, 1)]));
        Assert.IsTrue(double.IsNaN(Error([])));
        Assert.Contains("'Nothing'", Assert.Throws<ArgumentOutOfRangeException>(() =>
            Ml.MulticlassClassification.CalibrationError(View(rows), scoreColumnName: "Nothing")).Message);
        Assert.Contains("'Label'", Assert.Throws<ArgumentOutOfRangeException>(() =>
            Ml.MulticlassClassification.CalibrationError(View(rows), scoreColumnName: "Label")).Message);

        double Error(Row[] some) => Ml.MulticlassClassification.CalibrationError(View(some));

        MemoryDataView View(Row[] some) => new(
            some.Length,
            new MemoryColumn<uint>("Label", new KeyDataViewType(typeof(uint), 2), i => some[i].Label),
            Images.Vector<float>("Score", i => [some[i].First, some[i].Second], 2));
    }

    private static ResNetTransformer Fit(bool flip, bool best, bool calibrate, MLContext? ml = null) =>
        Images.Trainer(ml ?? Images.Context(), change: options =>
        {
            (options.NumberOfEpochs, options.LearningRate) = (best ? Epochs : 4, 0.2);
            (options.TestTimeAugmentation, options.Calibrate) = (flip ? TestTimeAugmentation.Flip : TestTimeAugmentation.None, calibrate);
            (options.ValidationSet, options.BestWeightsBy) = (Validation, best ? TrainingMetric.ValidationAccuracy : null);
        }).Fit(Images.Labelled());

    private static MulticlassClassificationMetrics Evaluate(ResNetTransformer model) =>
        Ml.MulticlassClassification.Evaluate(model.Transform(Validation));

    private static double Error(ResNetTransformer model) => Ml.MulticlassClassification.CalibrationError(model.Transform(Validation));

    // Labels that are drawn by the probabilities of logits, which are then made surer, or less sure, than they are.
    private static CalibrationSet Drawn(int views, double sureness, int seed = 7)
    {
        const int Rows = 400;
        var random = new Random(seed);
        var logits = Enumerable.Range(0, Rows).Select(_ => Enumerable.Range(0, 4).Select(_ => 3 * random.NextDouble()).ToArray()).ToArray();
        var labels = logits.Select(row =>
        {
            var (at, drawn) = (0, random.NextDouble());
            var probabilities = Softmax(row);
            while (at < 3 && (drawn -= probabilities[at]) > 0)
            {
                at++;
            }

            return at;
        }).ToArray();
        return new(
            [.. Enumerable.Range(0, views).Select(_ => logits.SelectMany(row =>
                row.Select(logit => (float)(sureness * (logit + (0.3 * random.NextDouble()))))).ToArray())],
            labels,
            [.. labels.Select((_, i) => 1f + (i % 3))]);
    }

    private static double Loss(CalibrationSet set, double temperature) => Enumerable.Range(0, set.Labels.Length).Sum(image =>
        -set.Weights[image] * Math.Log(set.Views.Average(view =>
            Softmax([.. view.Skip(4 * image).Take(4).Select(logit => logit / temperature)])[set.Labels[image]]))) / set.Weights.Sum();

    private static double[] Softmax(double[] logits)
    {
        var each = logits.Select(logit => Math.Exp(logit - logits.Max())).ToArray();
        return [.. each.Select(value => value / each.Sum())];
    }

    private sealed record Row(uint Label, float First, float Second);
}
