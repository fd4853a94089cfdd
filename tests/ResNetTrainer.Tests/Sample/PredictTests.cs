using System.Diagnostics;
using System.Text.Json;
using Microsoft.ML;
using ResNetMLNet.Tests.Support;
using SkiaSharp;

namespace ResNetMLNet.Tests.Sample;

/// <summary>What predict is given, and what it prints.</summary>
[TestClass]
public sealed class PredictTests : IDisposable
{
    private readonly SampleFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void A_folder_stands_for_the_images_in_it()
    {
        File.WriteAllText(_folder.At("images", "top", "notes.txt"), "none");
        var all = SampleProcess.RunHere(["predict", "--model", _folder.Model, _folder.Images]);
        var one = SampleProcess.RunHere(["predict", "--model", _folder.Model, _folder.At("images", "top", "0.png")]);

        all.Succeeded();
        Assert.HasCount(30, all.OutputLines);
        CollectionAssert.Contains(all.OutputLines, one.Output.TrimEnd());
    }

    [TestMethod]
    public void Heat_maps_of_before_are_no_images()
    {
        foreach (var _ in (int[])[1, 2])
        {
            SampleProcess.RunHere(["explain", "--model", _folder.Model, "--out", _folder.At("images", "top"), _folder.At("images", "top")])
                .Succeeded();
        }

        Assert.HasCount(20, Directory.GetFiles(_folder.At("images", "top")));
    }

    [TestMethod]
    public void A_folder_without_images_is_said()
    {
        var empty = Directory.CreateDirectory(_folder.At("empty")).FullName;
        var run = SampleProcess.RunHere(["predict", "--model", _folder.Model, empty]);

        Assert.AreEqual(1, run.Status);
        StringAssert.Contains(run.Error, $"The folder '{empty}' has no images");
    }

    [TestMethod]
    public void What_a_folder_has_beside_images_is_counted()
    {
        foreach (var name in (string[])["1.heic", "2.HEIC", "notes.txt"])
        {
            File.WriteAllText(_folder.At("images", "top", name), "none");
        }

        File.Copy(_folder.At("images", "top", "0.png"), _folder.At("images", "top", "0.jfif"));
        var run = SampleProcess.RunHere(["predict", "--model", _folder.Model, _folder.Images]);
        File.WriteAllText(_folder.At(Directory.CreateDirectory(_folder.At("others")).Name, "1.heic"), "none");
        var none = SampleProcess.RunHere(["predict", "--model", _folder.Model, _folder.At("others")]);

        run.Succeeded();
        Assert.HasCount(31, run.OutputLines);
        Assert.Contains("left out: 2 .heic, 1 .txt", run.Error);
        none.AssertFailed(_folder.At("others"), "only 1 .heic");
    }

    [TestMethod]
    public void A_name_that_begins_with_an_at_sign_is_that_of_a_file() =>
        SampleProcess.RunHere(["predict", "--model", _folder.Model, "@none.png"]).AssertFailed("@none.png' does not exist");

    [TestMethod]
    public void A_link_that_leads_back_is_not_followed()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("Links need rights there.");
        }

        Directory.CreateSymbolicLink(_folder.At("images", "again"), _folder.Images);
        var run = SampleProcess.RunHere(["predict", "--model", _folder.Model, _folder.Images]);

        run.Succeeded();
        Assert.HasCount(30, run.OutputLines);
    }

    [TestMethod]
    public void As_many_of_the_likeliest_classes_as_are_asked_for_are_printed()
    {
        var run = SampleProcess.RunHere(["predict", "--model", _folder.Model, "--top", "3", _folder.At("images", "top", "0.png")]);

        run.Succeeded();
        foreach (var name in Images.ClassNames)
        {
            StringAssert.Contains(run.Output, $"{name} (");
        }
    }

    [TestMethod]
    public void Below_the_probability_that_is_given_no_class_is_named()
    {
        string[] predict = ["predict", "--model", _folder.Model, _folder.At("images", "top", "0.png")];
        var (usual, text) = (SampleProcess.RunHere(predict), SampleProcess.RunHere([.. predict, "--reject-below", "0.999999"]));
        var json = SampleProcess.RunHere([.. predict, "--reject-below", "0.999999", "--json"]);

        StringAssert.Contains(text.Succeeded(), "0.png: unknown (");
        using var prediction = JsonDocument.Parse(json.Succeeded());
        Assert.AreEqual(JsonValueKind.Null, prediction.RootElement[0].GetProperty("label").ValueKind);
        Assert.AreEqual(JsonValueKind.Number, prediction.RootElement[0].GetProperty("probability").ValueKind);
        Assert.AreEqual(usual.Succeeded(), SampleProcess.RunHere([.. predict, "--reject-below", "0.01"]).Succeeded());
    }

    [TestMethod]
    public void The_model_is_that_of_the_last_training_where_none_is_named()
    {
        Directory.CreateDirectory(_folder.At("out"));
        File.Copy(_folder.Model, _folder.At("out", "model.zip"));
        var found = SampleProcess.Run(["predict", Path.Combine("images", "top", "0.png")], _folder.Path);
        var missing = SampleProcess.Run(["predict", "0.png"], _folder.At("images", "top"));

        StringAssert.Contains(found.Succeeded(), "0.png: ");
        Assert.AreEqual(1, missing.Status);
        StringAssert.Contains(missing.Error, "Train a model first, or name another with --model.");
    }

    [TestMethod]
    public void An_image_of_a_size_that_the_network_does_not_take_costs_no_other_its_answer()
    {
        var (model, sound, other) = (_folder.At("one-size.zip"), _folder.At("images", "top", "0.png"), _folder.At("other.png"));
        SampleFolder.Train(_folder.Images, model, imageSize: null);
        File.WriteAllBytes(other, EncodedImages.Encode(SKEncodedImageFormat.Png, 31, 17, (_, _) => SKColors.Gray));
        var run = SampleProcess.RunHere(["predict", "--model", model, sound, other]);

        Assert.AreEqual(1, run.Status);
        Assert.HasCount(1, run.OutputLines);
        StringAssert.StartsWith(run.Output, sound);
        StringAssert.Contains(run.Error, "other.png");
        StringAssert.Contains(run.Error, "17");
    }

    [TestMethod]
    public void Steps_before_the_network_that_it_leaves_out_are_named()
    {
        var (ml, model) = (Images.Context(), _folder.At("steps.zip"));
        var files = ml.Data.LoadFromEnumerable(Directory.GetFiles(_folder.Images, "*.png", SearchOption.AllDirectories)
            .Select(file => new LabelledFile { Path = file, Class = Path.GetFileName(Path.GetDirectoryName(file)!) }));
        var pipeline = ml.Transforms.LoadImages("Image", "", nameof(LabelledFile.Path))
            .Append(ml.Transforms.ConvertToGrayscale("Image"))
            .Append(ml.Transforms.Conversion.MapValueToKey("Label", nameof(LabelledFile.Class)))
            .Append(Images.Trainer(ml, ImageKind.Image, options => (options.FeatureColumnName, options.ImageSize) = ("Image", 20)));
        using (var chain = pipeline.Fit(files))
        {
            ml.Model.Save(chain, files.Schema, model);
        }

        var run = SampleProcess.RunHere(["predict", "--model", model, _folder.At("images", "top", "0.png")]);

        run.Succeeded();
        StringAssert.Contains(run.Error, "steps before its network, which are left out here: ImageGrayscalingTransformer.");
        Assert.DoesNotContain("left out", SampleProcess.RunHere(
            ["predict", "--model", _folder.Model, _folder.At("images", "top", "0.png")]).Error);
    }

    [TestMethod]
    [DataRow("export", "--safetensors", "model.zip")]
    [DataRow("export", "--onnx", "model.zip")]
    [DataRow("evaluate", "--report", "model.zip")]
    public void The_model_is_not_written_over(string verb, string option, string target)
    {
        var before = File.ReadAllBytes(_folder.Model);
        var run = SampleProcess.RunHere([verb, "--model", _folder.Model, option, _folder.At(target)]);

        Assert.AreEqual(2, run.Status, run.Output);
        StringAssert.Contains(run.Error, $"--model and {option} are the same file");
        CollectionAssert.AreEqual(before, File.ReadAllBytes(_folder.Model));
    }

    [TestMethod]
    public void Two_exports_do_not_share_a_file()
    {
        var target = _folder.At("network");
        var run = SampleProcess.RunHere(["export", "--model", _folder.Model, "--onnx", target, "--safetensors", target]);

        Assert.AreEqual(2, run.Status);
        StringAssert.Contains(run.Error, "--onnx and --safetensors are the same file");
        Assert.IsFalse(File.Exists(target));
    }

    [TestMethod]
    public void Two_exports_are_both_tried_before_either_is_written()
    {
        var target = _folder.At("model.onnx");
        SampleProcess.RunHere(
            ["export", "--model", _folder.Model, "--onnx", target, "--safetensors", _folder.At("nowhere", "weights")])
            .AssertFailed(_folder.At("nowhere"), "--safetensors");

        Assert.IsFalse(File.Exists(target));
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    [DataRow("--onnx")]
    [DataRow("--safetensors")]
    public void Nothing_but_a_file_is_replaced_by_one(string option)
    {
        var (pipe, device, empty) = (_folder.At("pipe"), _folder.At("device"), _folder.At("empty"));
        Process.Start("mkfifo", pipe).WaitForExit();
        File.CreateSymbolicLink(device, "/dev/null");
        File.WriteAllText(empty, "");

        foreach (var target in (string[])[pipe, device])
        {
            Export(target).AssertFailed($"'{target}' is a pipe or a device", option);
        }

        Export(empty).Succeeded();
        Assert.AreEqual("/dev/null", new FileInfo(device).LinkTarget);
        Assert.AreEqual(0, new FileInfo(pipe).Length);
        Assert.IsGreaterThan(0, new FileInfo(empty).Length);

        ProgramRun Export(string target) => SampleProcess.RunHere(["export", "--model", _folder.Model, option, target]);
    }

    private sealed class LabelledFile
    {
        public string Path { get; set; } = "";

        public string Class { get; set; } = "";
    }
}
