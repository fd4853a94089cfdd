using System.Text.Json;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>Which classes predict names, and with what probabilities.</summary>
[TestClass]
public sealed class PredictedClassesTests : IDisposable
{
    private readonly SampleFolder _folder = new();

    // Each is the row of its number.
    private string[] Files =>
        [.. Enumerable.Range(0, 30).Select(row => _folder.At("images", Images.ClassNames[PixelPattern.ClassOf(row)], $"{row}.png"))];

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void The_likeliest_are_printed_the_likeliest_first_as_JSON_has_them()
    {
        var model = Learnt(LabelKind.Text);
        var lines = Predict(model, "--top", "2").OutputLines;
        var predictions = Json(model);

        Assert.HasCount(30, lines);
        foreach (var (line, prediction) in lines.Zip(predictions))
        {
            var two = prediction.GetProperty("scores").EnumerateObject()
                .Select(score => (score.Name, Value: score.Value.GetSingle()))
                .OrderByDescending(score => score.Value).Take(2)
                .Select(score => $"{score.Name} ({score.Value:P1})");
            var file = prediction.GetProperty("file").GetString();
            Assert.AreEqual($"{file}: {string.Join(", ", two)}", line);
            Assert.StartsWith($"{file}: {prediction.GetProperty("label").GetString()} (", line);
        }

        // The last class of all stands first in some, and so they are not in the order of the classes.
        Assert.Contains(line => line.Contains(": bottom (", StringComparison.Ordinal), lines);
    }

    [TestMethod]
    public void Classes_that_read_the_same_have_one_probability_that_of_the_likelier()
    {
        var model = Learnt(LabelKind.Boolean);
        using var network = (ResNetTransformer)Images.Context().Model.Load(model, out _);
        var expected = Snapshot.Scores(network.Transform(Images.Unlabelled(30, ImageKind.Encoded)));
        CollectionAssert.AreEqual((string[])["False", "True", "True"], network.Model.ClassNames.ToArray());
        Assert.Contains(row => row[1] > row[2], expected);
        Assert.Contains(row => row[1] < row[2], expected);

        Assert.HasCount(30, Predict(model, "--top", "3").OutputLines);
        foreach (var (prediction, row) in Json(model).Zip(expected))
        {
            var scores = prediction.GetProperty("scores");
            CollectionAssert.AreEqual((string[])["False", "True"], scores.EnumerateObject().Select(score => score.Name).ToArray());
            Assert.AreEqual(row[0], scores.GetProperty("False").GetSingle(), 1e-4f);
            Assert.AreEqual(Math.Max(row[1], row[2]), scores.GetProperty("True").GetSingle(), 1e-4f);
            Assert.AreEqual(
                prediction.GetProperty("probability").GetSingle(),
                scores.GetProperty(prediction.GetProperty("label").GetString()!).GetSingle());
        }
    }

    [TestMethod]
    public void Classes_that_read_the_same_are_not_evaluated_by_name()
    {
        var run = SampleProcess.RunHere(["evaluate", "--model", Learnt(LabelKind.Boolean), "--images", _folder.At("images")]);

        Assert.AreEqual(1, run.Status);
        StringAssert.Contains(run.Error, "Two of the model's classes read the same, 'True'");
    }

    // Trained until it tells the classes apart, so that each of them is the likeliest of some images.
    private string Learnt(LabelKind label)
    {
        var (ml, file) = (Images.Context(), _folder.At("learnt.zip"));
        using var network = Images.Trainer(ml, ImageKind.Encoded, options =>
            (options.NumberOfEpochs, options.LearningRate) = (8, 0.05)).Fit(Images.Labelled(60, ImageKind.Encoded, label));
        ml.Model.Save(network, null, file);
        return file;
    }

    private JsonElement[] Json(string model)
    {
        JsonElement[] predictions = [.. JsonDocument.Parse(Predict(model, "--json").Output).RootElement.EnumerateArray()];
        Assert.HasCount(30, predictions);
        return predictions;
    }

    private ProgramRun Predict(string model, params string[] more)
    {
        var run = SampleProcess.RunHere(["predict", "--model", model, .. more, .. Files]);
        run.Succeeded();
        return run;
    }
}
