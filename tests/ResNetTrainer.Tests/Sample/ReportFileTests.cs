using System.Text.Json;
using System.Text.RegularExpressions;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Sample.Reporting;
using ResNetMLNet.Sample.Scoring;
using ResNetMLNet.Tests.Support;
using SkiaSharp;

namespace ResNetMLNet.Tests.Sample;

/// <summary>The reports that the commands write.</summary>
[TestClass]
public sealed class ReportFileTests : IDisposable
{
    private readonly SampleFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Training_writes_one_of_the_model_that_it_saved()
    {
        var run = SampleProcess.RunHere([.. _folder.Training, "--out", _folder.At("out")]);

        Assert.AreEqual(0, run.Status, run.Error);
        var page = Read(_folder.At("out", "report.html"));
        using var metrics = JsonDocument.Parse(File.ReadAllText(_folder.At("out", "metrics.json")));
        Assert.AreEqual(
            ReportText.Percent(metrics.RootElement.GetProperty("testAccuracy").GetDouble()),
            page.QuerySelector(".key-figures dd")!.TextContent);
        Assert.HasCount(16, Grid(page, "What it was trained on"));
        Assert.IsNotEmpty(Grid(page, "Predictions"));
        foreach (var chart in (string[])["curves.png", "confusion.png"])
        {
            using var drawn = SKBitmap.Decode(_folder.At("out", chart));
            Assert.IsGreaterThan(20, drawn.Pixels.Distinct().Count(), chart);
        }
    }

    [TestMethod]
    public void Evaluation_writes_one_with_the_numbers_that_it_prints()
    {
        var (run, page) = Evaluate(_folder.Images, "--json");

        using var printed = JsonDocument.Parse(run.Output);
        Assert.AreEqual(
            ReportText.Percent(printed.RootElement.GetProperty("accuracy").GetDouble()),
            page.QuerySelector(".key-figures dd")!.TextContent);
        CollectionAssert.AreEqual(
            printed.RootElement.GetProperty("confusion").EnumerateArray()
                .SelectMany(row => row.EnumerateArray()).Select(count => $"{count}").ToArray(),
            page.QuerySelectorAll(".confusion td").Select(cell => cell.TextContent).ToArray());
        Assert.HasCount(16, Grid(page, "Predictions"));
    }

    [TestMethod]
    public void Two_evaluations_write_the_same_but_for_time_and_memory()
    {
        Evaluate(_folder.Images);
        var first = Timeless(File.ReadAllText(_folder.At("report.html")));
        Evaluate(_folder.Images);

        Assert.AreEqual(first, Timeless(File.ReadAllText(_folder.At("report.html"))));

        static string Timeless(string html) => Regex.Replace(html, "<h2>Speed and memory</h2>.*?</dl>", "", RegexOptions.Singleline);
    }

    [TestMethod]
    public void The_model_may_have_its_images_in_a_column_of_another_name()
    {
        var ml = Images.Context();
        var images = ml.Data.LoadFromImageFolder(_folder.Images);
        using (var chain = ml.Transforms.CopyColumns("Features", "ImageBytes")
            .Append(Images.Trainer(ml, ImageKind.Encoded, options => options.ImageSize = 20)).Fit(images))
        {
            ml.Model.Save(chain, images.Schema, _folder.Model);
        }

        var (_, page) = Evaluate(_folder.Images);

        Assert.IsNotEmpty(Grid(page, "What the network looked at"));
    }

    [TestMethod]
    public void Images_are_those_of_their_rows_at_the_size_that_the_network_sees()
    {
        // Grey as bright as its name says, in two classes of which one was never seen: what is shown tells which file it is.
        foreach (var name in (string[])["top", "bottom"])
        {
            Directory.CreateDirectory(_folder.At("grey", name));
            for (var image = 0; image < 20; image++)
            {
                var grey = (byte)((image * 10) + (name == "top" ? 5 : 0));
                using var bitmap = new SKBitmap(33, 57);
                bitmap.Erase(new SKColor(grey, grey, grey));
                using var file = File.Create(_folder.At("grey", name, $"{image:D2}.png"));
                bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
            }
        }

        var (_, page) = Evaluate(_folder.At("grey"));

        var shown = Grid(page, "Predictions").Concat(Grid(page, "The surest mistakes")).ToArray();
        Assert.IsGreaterThan(16, shown.Length);
        foreach (var image in shown)
        {
            using var drawn = SKBitmap.Decode(Convert.FromBase64String(image.Source!.Split(',')[1]));
            Assert.AreEqual((20, 20), (drawn.Width, drawn.Height));
            var text = image.AlternativeText!;
            var position = int.Parse(Regex.Match(text, @"\d+").Value) - 1;
            Assert.AreEqual(position < 20 ? "bottom" : "top", text.Split(": ")[1]);
            var expected = position < 20 ? position * 10 : ((position - 20) * 10) + 5;
            Assert.IsInRange(expected - 1, expected + 1, drawn.GetPixel(10, 10).Red);
        }
    }

    [TestMethod]
    public void Images_of_a_folder_have_the_names_of_their_files()
    {
        var (_, page) = Evaluate(_folder.Images);

        foreach (var image in Grid(page, "Predictions"))
        {
            var file = image.Closest("figure")!.QuerySelector("figcaption > bdi")!.TextContent;
            Assert.IsTrue(File.Exists(_folder.At("images", file)), file);
            StringAssert.Contains(image.AlternativeText, $" of the data, {file}: ");
        }
    }

    [TestMethod]
    public void A_class_folder_of_a_hostile_name_is_a_name_in_the_report()
    {
        const string Name = "<script>alert(1)<&\"'";
        Directory.Move(_folder.At("images", "top"), _folder.At("images", Name));

        var run = SampleProcess.RunHere([.. _folder.Training, "--out", _folder.At("out")]);

        Assert.AreEqual(0, run.Status, run.Error);
        var page = Read(_folder.At("out", "report.html"));
        Assert.IsEmpty(page.QuerySelectorAll("script"));
        Assert.IsTrue(page.QuerySelectorAll(".confusion tbody th").Any(head => head.TextContent == Name));
    }

    [TestMethod]
    public void A_report_that_cannot_be_written_is_said_before_the_evaluation()
    {
        Evaluate("--report", _folder.At("nowhere", "report.html")).AssertFailed("--report", _folder.At("nowhere"));
        Evaluate("--report", _folder.Images).AssertFailed("--report", _folder.Images, "folder");

        ProgramRun Evaluate(params string[] more) =>
            SampleProcess.RunHere(["evaluate", "--model", _folder.Model, "--images", "/nowhere", .. more]);
    }

    [TestMethod]
    public void A_report_that_fails_leaves_the_one_before()
    {
        Evaluate(_folder.Images);
        var before = File.ReadAllText(_folder.At("report.html"));
        File.WriteAllText(Directory.GetFiles(_folder.At("images", "top"))[0], "No image any more.");

        var run = SampleProcess.RunHere(Arguments(_folder.Images));

        Assert.AreEqual(1, run.Status);
        Assert.AreEqual(before, File.ReadAllText(_folder.At("report.html")));
        CollectionAssert.AreEquivalent(
            (string[])["model.zip", "report.html"], SampleFolder.NamesIn(_folder.Path));
    }

    [TestMethod]
    public void What_the_network_looked_at_is_asked_for_the_shown_images_alone_and_drawn_over_them()
    {
        var ml = Images.Context();
        var all = ml.Data.LoadFromImageFolder(_folder.Images);
        using var model = (ResNetTransformer)ml.Model.Load(_folder.Model, out _);
        var scored = ScoredImages.Of(ml, model.Transform(all), model, new Dictionary<string, long>());
        var asked = new List<string>();
        var builder = new ReportBuilder(ml, model.Model, new(all, all, all, "ImageBytes", 3))
        {
            Explain = rows =>
            {
                asked.AddRange(rows.GetColumn<string>("ImagePath"));
                return [.. asked.Select(_ => new HeatMap(1, 2, [0, 1]))];
            },
        };

        var test = builder.OfEvaluation(scored, all).Test!;

        var paths = all.GetColumn<string>("ImagePath").ToArray();
        var shown = test.Mistakes.Concat(test.Predictions).DistinctBy(image => image.Position);
        CollectionAssert.AreEquivalent(shown.Select(image => paths[image.Position]).ToArray(), asked);
        var explained = test.Explained.ToArray();
        Assert.IsGreaterThanOrEqualTo(8, explained.Length);
        Assert.IsLessThanOrEqualTo(16, explained.Length);
        foreach (var image in explained)
        {
            using var heat = SKBitmap.Decode(Convert.FromBase64String(image.HeatMap!.DataUri.Split(',')[1]));
            Assert.IsGreaterThan(heat.GetPixel(1, 10).Red, heat.GetPixel(18, 10).Red);
        }
    }

    [TestMethod]
    public void Of_shuffled_rows_the_images_are_shown_that_they_name()
    {
        var ml = Images.Context();
        var all = ml.Data.LoadFromImageFolder(_folder.Images);
        using var model = (ResNetTransformer)ml.Model.Load(_folder.Model, out _);
        var shuffled = ml.Data.ShuffleRows(all, seed: 3);
        var scored = ScoredImages.Of(ml, model.Transform(shuffled), model, new Dictionary<string, long>());

        var test = new ReportBuilder(ml, model.Model, new(all, all, all, "ImageBytes", 3)).OfEvaluation(scored, shuffled).Test!;

        var paths = shuffled.GetColumn<string>("ImagePath").ToArray();
        foreach (var shown in test.Predictions)
        {
            var path = paths[shown.Position];
            Assert.AreEqual(shown.Truth, Path.GetFileName(Path.GetDirectoryName(path)));
            using var file = MLImage.CreateFromFile(path);
            using var expected = Thumbnail.Draw(file, model.Model);
            Assert.AreEqual(Thumbnail.Of(expected), shown.Image);
        }
    }

    [TestMethod]
    public void The_evaluation_is_that_of_MLNETs_evaluator_and_the_rows_are_its_images()
    {
        var ml = Images.Context();
        var data = ml.Data.LoadFromImageFolder(_folder.Images);
        using var model = (ResNetTransformer)ml.Model.Load(_folder.Model, out _);

        var scored = ScoredImages.Of(ml, model.Transform(data), model, new Dictionary<string, long>());
        var metrics = ml.MulticlassClassification.Evaluate(model.Transform(data));

        Assert.AreEqual(metrics.MicroAccuracy, scored.Evaluation.Accuracy, 1e-9);
        Assert.AreEqual(metrics.MacroAccuracy, scored.Evaluation.MacroAccuracy, 1e-9);
        Assert.AreEqual(metrics.LogLoss, scored.Evaluation.LogLoss, 1e-6);
        Assert.AreEqual(30, scored.Evaluation.Images);
        foreach (var (row, truth) in metrics.ConfusionMatrix.Counts.Select((row, truth) => (row, truth)))
        {
            CollectionAssert.AreEqual(row.Select(count => (long)count).ToArray(), scored.Evaluation.Confusion[truth]);
            for (var prediction = 0; prediction < row.Count; prediction++)
            {
                Assert.AreEqual(row[prediction], scored.Rows.Count(each => each.Truth == truth && each.Prediction == prediction));
            }
        }
    }

    private static IHtmlImageElement[] Grid(IHtmlDocument page, string title) =>
    [
        .. page.QuerySelectorAll("section").Single(section => section.QuerySelector("h2")!.TextContent == title)
            .QuerySelectorAll("img").Cast<IHtmlImageElement>(),
    ];

    private static IHtmlDocument Read(string path) => new HtmlParser().ParseDocument(File.ReadAllText(path));

    private string[] Arguments(string images, params string[] more) =>
        ["evaluate", "--model", _folder.Model, "--images", images, "--report", _folder.At("report.html"), .. more];

    private (ProgramRun Run, IHtmlDocument Page) Evaluate(string images, params string[] more)
    {
        var run = SampleProcess.RunHere(Arguments(images, more));
        Assert.AreEqual(0, run.Status, run.Error);
        return (run, Read(_folder.At("report.html")));
    }
}
