using System.Text.Json;
using Microsoft.ML;
using ResNetMLNet.Sample.Commands;
using ResNetMLNet.Sample.Files;
using ResNetMLNet.Sample.Rendering;
using ResNetMLNet.Tests.Support;
using SkiaSharp;

namespace ResNetMLNet.Tests.Sample;

/// <summary>explain: what a saved model looks at, as PNG.</summary>
[TestClass]
public sealed class ExplainTests : IDisposable
{
    private readonly SampleFolder _folder = new();

    private string Out => _folder.At("out");

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void It_writes_a_PNG_for_each_image_and_says_which()
    {
        string[] files = [ImageOf("top", "0"), ImageOf("middle", "1")];
        var run = Run(files);

        Assert.AreEqual(0, run.Status, run.Error);
        CollectionAssert.AreEquivalent((string[])["0.heatmap.png", "1.heatmap.png"], SampleFolder.NamesIn(Out));
        foreach (var (line, file) in run.OutputLines.Zip(files))
        {
            Assert.StartsWith($"{file}: ", line);
            Assert.EndsWith($"heat map in {Path.Combine(Out, Path.GetFileNameWithoutExtension(file))}.heatmap.png", line);
        }

        // The network sees 20x20, of which a pixel is made 12.
        using var png = SKBitmap.Decode(Path.Combine(Out, "0.heatmap.png"));
        Assert.AreEqual((240, 240), (png.Width, png.Height));
        Assert.IsGreaterThan(10, png.Pixels.Distinct().Count());
    }

    [TestMethod]
    public void JSON_has_what_predict_says_and_the_files()
    {
        string[] files = [ImageOf("top", "0"), ImageOf("bottom", "2")];
        var (explained, predicted) = (
            Json(Run([.. files, "--json"])), Json(SampleProcess.RunHere(["predict", "--model", _folder.Model, "--json", .. files])));

        for (var i = 0; i < files.Length; i++)
        {
            CollectionAssert.AreEqual(
                (string[])["file", "label", "probability", "heatmap"],
                explained[i].EnumerateObject().Select(member => member.Name).ToArray());
            Assert.AreEqual(files[i], explained[i].GetProperty("file").GetString());
            Assert.AreEqual(predicted[i].GetProperty("label").GetString(), explained[i].GetProperty("label").GetString());
            Assert.AreEqual(
                predicted[i].GetProperty("probability").GetSingle(), explained[i].GetProperty("probability").GetSingle(), 1e-6f);
            Assert.IsTrue(File.Exists(explained[i].GetProperty("heatmap").GetString()));
        }
    }

    [TestMethod]
    public void Names_do_not_collide_and_a_second_run_replaces_the_first()
    {
        // Two of one name, one that is called as the second would be, and one of the same name in capitals.
        _folder.Copy("top", "a");
        _folder.Copy("middle", "b");
        string[] files =
        [
            ImageOf("top", "0"), Copied("a", "0.png"), Copied("a", "0-2.png"), Copied("b", "CAT.png"), Copied("a", "cat.png"),
        ];
        var first = Json(Run([.. files, "--json"])).Select(each => each.GetProperty("heatmap").GetString()!).ToArray();
        File.WriteAllText(first[0], "Something else.");
        var second = Json(Run([.. files, "--json"])).Select(each => each.GetProperty("heatmap").GetString()!).ToArray();

        Assert.AreEqual(5, first.Distinct(StringComparer.OrdinalIgnoreCase).Count(), string.Join(", ", first));
        CollectionAssert.AreEqual(first, second);
        CollectionAssert.AreEquivalent(first, Directory.GetFiles(Out));
        Assert.IsTrue(first.All(file => SKBitmap.Decode(file) is { Width: 240 }));
    }

    [TestMethod]
    public void No_image_is_ever_overwritten()
    {
        var image = ImageOf("top", "0");
        var named = Path.Combine(Path.GetDirectoryName(image)!, "0.heatmap.png");
        File.Copy(image, named);
        var run = SampleProcess.RunHere(
            ["explain", "--model", _folder.Model, "--out", Path.GetDirectoryName(image)!, image, named]);

        Assert.AreEqual(0, run.Status, run.Error);
        CollectionAssert.AreEqual(File.ReadAllBytes(image), File.ReadAllBytes(named));
        Assert.IsTrue(File.Exists(Path.Combine(Path.GetDirectoryName(image)!, "0-2.heatmap.png")));
    }

    [TestMethod]
    public void A_long_name_is_cut_and_an_empty_one_replaced()
    {
        var names = HeatMapNames.Of([new($"{new string('漢', 80)}.png"), new($"{new string('漢', 80)}.jpg"), new(".png")], Out);

        Assert.HasCount(3, names.Distinct());
        Assert.AreEqual("image.heatmap.png", names[2]);
        Assert.IsTrue(names.All(name => System.Text.Encoding.UTF8.GetByteCount(OutputFile.TemporaryName(name)) <= 255));
    }

    [TestMethod]
    public void An_image_that_cannot_be_read_is_named_and_nothing_is_half_written()
    {
        var broken = _folder.At("broken.png");
        File.WriteAllBytes(broken, EncodedImages.BmpHeader(0x80000000, 4, 4));

        var run = Run(broken, ImageOf("top", "0"));

        run.AssertFailed(broken);
        Assert.HasCount(1, run.OutputLines);
        CollectionAssert.AreEqual((string[])["0.heatmap.png"], SampleFolder.NamesIn(Out));
        Assert.IsTrue(Directory.GetFiles(Out).All(file => SKBitmap.Decode(file) is { Width: 240 }));
    }

    [TestMethod]
    public void What_stands_in_the_way_is_said_before_anything_is_written()
    {
        File.WriteAllText(_folder.At("file"), "Not a folder.");
        Directory.CreateDirectory(_folder.At("out", "1.heatmap.png"));

        SampleProcess.RunHere(["explain", "--model", _folder.Model, "--out", _folder.At("file"), ImageOf("top", "0")])
            .AssertFailed("--out", _folder.At("file"), "a file");
        Run(ImageOf("top", "0"), ImageOf("middle", "1")).AssertFailed("--out", _folder.At("out", "1.heatmap.png"), "a folder");
        Assert.IsEmpty(Directory.GetFiles(Out));
    }

    [TestMethod]
    public void A_class_that_is_not_likely_enough_is_unknown()
    {
        var ml = new MLContext();
        using (var model = ((ResNetTransformer)ml.Model.Load(_folder.Model, out _)).WithRejectBelow(0.999999))
        {
            ml.Model.Save(model, null, _folder.Model);
        }

        string[] arguments = ["--model", _folder.Model, ImageOf("top", "0")];
        foreach (var command in (string[][])[["explain", "--out", Out], ["predict"]])
        {
            Assert.Contains(": unknown (", SampleProcess.RunHere([.. command, .. arguments]).Output);
            var label = Json(SampleProcess.RunHere([.. command, .. arguments, "--json"]))[0].GetProperty("label");
            Assert.AreEqual(JsonValueKind.Null, label.ValueKind);
        }
    }

    [TestMethod]
    public void The_image_shines_through_the_heat_map()
    {
        // Black and white halves, heat on the diagonal.
        using var grey = SKBitmap.Decode(HeatMapImage.ToPng([0, 1, 0, 1], [1, 0, 0, 1], width: 2, height: 2));
        using var colour = SKBitmap.Decode(HeatMapImage.ToPng([1, 1, 0, 0, 0, float.NaN], [0, 0], width: 2, height: 1));

        Assert.AreEqual((224, 224), (grey.Width, grey.Height));
        var (hotBlack, coldWhite) = (grey.GetPixel(0, 0), grey.GetPixel(223, 0));
        var (coldBlack, hotWhite) = (grey.GetPixel(0, 223), grey.GetPixel(223, 223));
        Assert.IsTrue(Light(coldBlack) < Light(coldWhite) && Light(coldWhite) < Light(hotWhite) && Light(coldBlack) < Light(hotBlack));
        Assert.AreEqual(255, coldBlack.Alpha);
        Assert.AreEqual((224, 112), (colour.Width, colour.Height));
        Assert.IsGreaterThan(100, colour.GetPixel(0, 0).Red - colour.GetPixel(0, 0).Green);

        static int Light(SKColor pixel) => pixel.Red + pixel.Green + pixel.Blue;
    }

    private static JsonElement[] Json(ProgramRun run)
    {
        Assert.AreEqual(0, run.Status, run.Error);
        return [.. JsonDocument.Parse(run.Output).RootElement.EnumerateArray()];
    }

    private string ImageOf(string className, string name) => _folder.At("images", className, $"{name}.png");

    private string Copied(string folder, string name)
    {
        Directory.CreateDirectory(_folder.At(folder, "more"));
        var file = _folder.At(folder, "more", name);
        File.Copy(ImageOf("bottom", "2"), file);
        return file;
    }

    private ProgramRun Run(params string[] files) => SampleProcess.RunHere(["explain", "--model", _folder.Model, "--out", Out, .. files]);
}
