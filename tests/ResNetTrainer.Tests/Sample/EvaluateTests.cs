using System.Text.Json;
using Microsoft.ML;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>evaluate on folders whose classes are not quite the model's.</summary>
[TestClass]
public sealed class EvaluateTests : IDisposable
{
    private readonly SampleFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Classes_are_told_by_name_where_the_folder_lacks_one()
    {
        _folder.Copy("middle", "two");
        _folder.Copy("top", "two");

        var (all, two) = (Evaluate("images"), Evaluate("two"));

        Assert.AreEqual(20, two.GetProperty("images").GetInt32());
        CollectionAssert.AreEqual(Texts(all.GetProperty("classes")), Texts(two.GetProperty("classes")));
        foreach (var row in (int[])[0, 1, 2])
        {
            var isThere = all.GetProperty("classes")[row].GetString() != "bottom";
            Assert.AreEqual(isThere ? Row(all, row) : Empty, Row(two, row));
        }
    }

    [TestMethod]
    public void A_class_that_the_model_does_not_know_is_left_out_and_said()
    {
        _folder.Copy("top", "more");
        _folder.Copy("middle", "more");
        _folder.Copy("bottom", "more");
        _folder.Copy("top", "more", "aaa");
        File.WriteAllText(_folder.At("more", "aaa", "0.png"), "An image that is left out need not be one.");

        var (all, more) = (Evaluate("images"), Evaluate("more"));
        var text = Run("more");

        Assert.AreEqual("""{"aaa":10}""", JsonSerializer.Serialize(more.GetProperty("leftOut")));
        foreach (var name in (string[])["images", "accuracy", "macroAccuracy", "logLoss"])
        {
            Assert.AreEqual(all.GetProperty(name).GetDouble(), more.GetProperty(name).GetDouble(), 1e-6, name);
        }

        Assert.AreEqual("{}", JsonSerializer.Serialize(all.GetProperty("leftOut")));
        Assert.AreEqual(0, text.Status, text.Error);
        StringAssert.Contains(text.Output, "30 images");
        StringAssert.Contains(text.Output, "left out: 10 images of 'aaa'");
        StringAssert.Contains(Run("more", "--json").Error, "left out: 10 images of 'aaa'");
    }

    [TestMethod]
    public void Predictions_are_a_line_for_each_image_that_ML_NET_reads_back()
    {
        _folder.Copy("top", "odd");
        _folder.Copy("middle", "odd");
        var file = _folder.At("predictions.csv");
        var odd = _folder.At("odd", "top", OperatingSystem.IsWindows() ? "a, b.png" : "a, \"b\".png");
        File.Move(_folder.At("odd", "top", "0.png"), odd);

        // Of one image in two classes one prediction is wrong.
        File.Copy(_folder.At("odd", "middle", "1.png"), _folder.At("odd", "top", "1.png"));

        var run = Run("odd", "--json", "--predictions", file);

        var evaluation = JsonDocument.Parse(run.Output).RootElement;
        var ml = new MLContext();
        var rows = ml.Data.CreateEnumerable<PredictedRow>(
            ml.Data.LoadFromTextFile<PredictedRow>(file, separatorChar: ',', hasHeader: true, allowQuoting: true), false).ToArray();
        Assert.StartsWith("image,label,predicted,probability\r\n", File.ReadAllText(file));
        Assert.HasCount(21, rows);
        Assert.HasCount(21, rows.Select(row => row.Image).Distinct());
        Assert.Contains(odd, rows.Select(row => row.Image));
        Assert.IsTrue(rows.All(row => File.Exists(row.Image) && row.Probability is > 0 and <= 1));
        Assert.Contains(row => row.Label != row.Predicted, rows);
        Assert.AreEqual(evaluation.GetProperty("accuracy").GetDouble(), rows.Average(row => row.Label == row.Predicted ? 1.0 : 0), 1e-9);
        var predicted = JsonDocument.Parse(SampleProcess.RunHere(
            ["predict", "--model", _folder.Model, "--json", .. rows.Select(row => row.Image)]).Succeeded()).RootElement;
        Assert.AreEqual(21, predicted.GetArrayLength());
        foreach (var (row, prediction) in rows.Zip(predicted.EnumerateArray()))
        {
            Assert.AreEqual(Path.GetFileName(Path.GetDirectoryName(row.Image)), row.Label, row.Image);
            Assert.AreEqual(prediction.GetProperty("label").GetString(), row.Predicted, row.Image);
            Assert.AreEqual(prediction.GetProperty("probability").GetSingle(), row.Probability, 1e-5f, row.Image);
        }

        Run("odd", "--predictions", file, "--reject-below", "0.999999");
        Assert.IsTrue(File.ReadLines(file).Skip(1).All(line => line.Contains("\",\"\",0.")));
    }

    [TestMethod]
    public void Classes_of_which_the_model_knows_none_are_an_error()
    {
        _folder.Copy("top", "other", "x");
        _folder.Copy("middle", "other", "Top");

        Run("other").AssertFailed("'x'", "'Top'", "'top'", "--images");
        Run("other", "--json").AssertFailed("'x'", "'Top'", "'top'", "--images");
    }

    [TestMethod]
    public void Data_whose_classes_are_many_and_unknown_are_an_error_of_one_short_line()
    {
        foreach (var index in Enumerable.Range(0, 200))
        {
            Directory.CreateDirectory(_folder.At("many", $"class {index:D3}"));
            File.Copy(Directory.GetFiles(_folder.At("images", "top"))[0], _folder.At("many", $"class {index:D3}", "0.png"));
        }

        var run = Run("many");

        run.AssertFailed("'class 000'", "more");
        Assert.IsLessThan(500, run.Error.Length, run.Error);
    }

    [TestMethod]
    public void What_the_folder_has_besides_images_is_said()
    {
        _folder.Copy("top", "odd");
        _folder.Copy("middle", "odd");
        Directory.CreateDirectory(_folder.At("odd", "empty"));
        File.WriteAllText(_folder.At("odd", "top", ".hidden.png"), "Hidden.");

        var evaluated = Run("odd");
        var trained = SampleProcess.RunHere([.. _folder.TrainingOn("odd"), "--out", _folder.At("out")]);

        Assert.AreEqual(0, evaluated.Status, evaluated.Error);
        StringAssert.Contains(evaluated.Error, "empty");
        Assert.AreEqual(0, trained.Status, trained.Error);
        StringAssert.Contains(trained.Output, "empty");
        StringAssert.Contains(trained.Output, "20 images");
        StringAssert.Contains(trained.Output, "hidden");
    }

    [TestMethod]
    public void A_single_class_is_evaluated()
    {
        _folder.Copy("middle", "one");

        var result = Evaluate("one");

        Assert.AreEqual(10, result.GetProperty("images").GetInt32());
        Assert.IsTrue(double.IsFinite(result.GetProperty("logLoss").GetDouble()));
    }

    [TestMethod]
    public void JSON_has_its_names_in_their_order()
    {
        var names = Evaluate("images").EnumerateObject().Select(member => member.Name).Take(6);

        CollectionAssert.AreEqual((string[])["images", "accuracy", "macroAccuracy", "logLoss", "classes", "confusion"], names.ToArray());
    }

    [TestMethod]
    public void Images_that_the_model_gives_no_class_are_counted_and_called_unknown()
    {
        var ml = new MLContext();
        var sure = Evaluate("images");
        using (var model = ((ResNetTransformer)ml.Model.Load(_folder.Model, out var schema)).WithRejectBelow(0.999999))
        {
            ml.Model.Save(model, schema, _folder.Model);
        }

        var (json, text) = (Evaluate("images"), Run("images", "--report", _folder.At("report.html")));

        Assert.IsFalse(sure.TryGetProperty("rejected", out _));
        Assert.AreEqual(30, json.GetProperty("rejected").GetProperty("images").GetInt32());
        Assert.AreEqual(JsonValueKind.Null, json.GetProperty("rejected").GetProperty("accuracyOfOthers").ValueKind);
        Assert.AreEqual(sure.GetProperty("accuracy").GetDouble(), json.GetProperty("accuracy").GetDouble());
        StringAssert.Contains(text.Output, "given no class: 30 below 1");
        var report = File.ReadAllText(_folder.At("report.html"));
        StringAssert.Contains(report, "Given no class");
        StringAssert.Contains(report, "unknown (");
    }

    [TestMethod]
    public void The_probability_from_which_on_images_are_given_a_class_can_be_said_whatever_the_model_has()
    {
        var usual = Evaluate("images");
        var (none, all) = (Evaluate("images", "--reject-below", "0.999999"), Evaluate("images", "--reject-below", "0.01"));
        var ml = new MLContext();
        using (var model = ((ResNetTransformer)ml.Model.Load(_folder.Model, out var schema)).WithRejectBelow(0.999999))
        {
            ml.Model.Save(model, schema, _folder.Model);
        }

        var again = Evaluate("images", "--reject-below", "0.01");

        Assert.IsFalse(usual.TryGetProperty("rejected", out _));
        Assert.AreEqual(30, none.GetProperty("rejected").GetProperty("images").GetInt32());
        foreach (var each in (JsonElement[])[all, again])
        {
            var rejected = each.GetProperty("rejected");
            Assert.AreEqual(0, rejected.GetProperty("images").GetInt32());
            Assert.AreEqual(0.01, rejected.GetProperty("below").GetDouble());
            Assert.AreEqual(usual.GetProperty("accuracy").GetDouble(), rejected.GetProperty("accuracyOfOthers").GetDouble(), 1e-6);
        }
    }

    private const string Empty = "[\n      0,\n      0,\n      0\n    ]";

    private static string Row(JsonElement evaluation, int row) =>
        evaluation.GetProperty("confusion")[row].ToString().ReplaceLineEndings("\n");

    private static string?[] Texts(JsonElement array) => [.. array.EnumerateArray().Select(each => each.GetString())];

    private JsonElement Evaluate(string folder, params string[] more)
    {
        var run = Run(folder, ["--json", .. more]);
        Assert.AreEqual(0, run.Status, run.Error);
        return JsonDocument.Parse(run.Output).RootElement;
    }

    private ProgramRun Run(string folder, params string[] more) =>
        SampleProcess.RunHere(["evaluate", "--model", _folder.Model, "--images", _folder.At(folder), .. more]);

    private sealed class PredictedRow
    {
        [Microsoft.ML.Data.LoadColumn(0)]
        public string Image { get; set; } = "";

        [Microsoft.ML.Data.LoadColumn(1)]
        public string Label { get; set; } = "";

        [Microsoft.ML.Data.LoadColumn(2)]
        public string Predicted { get; set; } = "";

        [Microsoft.ML.Data.LoadColumn(3)]
        public float Probability { get; set; }
    }
}
