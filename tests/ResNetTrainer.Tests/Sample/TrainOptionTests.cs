using System.Text.Json;
using Microsoft.ML;
using ResNetMLNet.Sample.Commands;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>What train is told of images of one's own.</summary>
[TestClass]
public sealed class TrainOptionTests : IDisposable
{
    private readonly SampleFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Images_are_mirrored_and_it_is_said_unless_they_must_not_be()
    {
        var usual = Train();
        var plain = Train("--no-flip");
        var further = Train("--start-from", _folder.At("out", "model.zip"));

        StringAssert.Contains(usual.Output, "give --no-flip");
        StringAssert.Contains(usual.Output, "scored with mirror images");
        StringAssert.Contains(further.Output, "images are not mirrored");
        foreach (var run in (ProgramRun[])[plain, further])
        {
            Assert.DoesNotContain("scored with mirror images", run.Output, run.Output);
        }

        Assert.IsTrue(Model().Training.NeverFlipped);
        Assert.AreEqual(TestTimeAugmentation.None, Model().TestTimeAugmentation);
    }

    // Which scores no mirror images unless it is told to, and is trained with them.
    [TestMethod]
    public void A_model_of_the_library_is_mirrored_when_it_is_trained_further()
    {
        var further = Train("--start-from", _folder.Model);

        StringAssert.Contains(further.Output, "scored with mirror images");
        Assert.IsFalse(Model().Training.NeverFlipped);
    }

    [TestMethod]
    [DataRow("images", "images")]
    [DataRow("images", "images/top")]
    [DataRow("images/top", "images")]
    public void Test_images_are_none_of_those_that_are_trained_on(string images, string test)
    {
        var run = SampleProcess.RunHere(["train", "--images", _folder.At(images), "--test-images", _folder.At(test)]);

        Assert.AreEqual(1, run.Status);
        StringAssert.Contains(run.Error, "overlap: a model must not be tested on what it was trained on");
    }

    [TestMethod]
    [DataRow("--out", "images/out", "--images")]
    [DataRow("--out", "images/top", "--images")]
    [DataRow("--out", "kept/out", "--test-images")]
    [DataRow("--checkpoint", "images/checkpoints", "--images")]
    public void What_is_written_does_not_lie_among_the_images(string option, string folder, string read)
    {
        _folder.Copy("top", "kept");
        string[] usual = option == "--out" ? [] : ["--out", _folder.At("out")];
        var run = SampleProcess.RunHere(
            [.. _folder.Training, "--test-images", _folder.At("kept"), .. usual, option, _folder.At(folder)]);

        run.AssertFailed($"'{Path.GetFullPath(_folder.At(folder))}' of {option} lies in", $"of {read}", $"{option} DIR");
        Assert.AreEqual("", run.Output, "Before anything is loaded.");
    }

    [TestMethod]
    public void Nor_does_it_where_the_usual_folder_would()
    {
        var run = SampleProcess.Run(["train", "--images", "."], _folder.Images);

        run.AssertFailed("--out DIR");
        Assert.IsFalse(Directory.Exists(_folder.At("images", "out")));
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void The_command_that_goes_on_can_be_typed_as_it_is_printed()
    {
        var (training, verb) = (new TrainOptions(), new Verb("train", "Trains."));
        training.AddTo(verb);
        var parsed = verb.Parse((string[])["--checkpoint", "it's $HOME", "--weights", "a;b.pth", "--learning-rate", "1e-3"]);

        Assert.EndsWith(
            @" --checkpoint 'it'\''s $HOME' --weights 'a;b.pth' --learning-rate 1e-3 --resume", training.WayOn(parsed, "model.zip"));
    }

    [TestMethod]
    [DataRow("", "none")]
    [DataRow("--pretrained", "imagenet")]
    [DataRow("--weights weights/resnet18.pth", "resnet18.pth")]
    [DataRow("--start-from out/model.zip", "model")]
    public void What_a_training_starts_from_has_a_name(string line, string name)
    {
        var (training, verb) = (new TrainOptions(), new Verb("train", "Trains."));
        training.AddTo(verb);

        Assert.AreEqual(name, training.Start(verb.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
    }

    [TestMethod]
    [DataRow("flip,VerticalFlip,rotation", 1)]
    [DataRow("none", 0)]
    [DataRow("verticalflip", 0)]
    public void The_changes_of_images_can_be_said(string changes, int mirrored)
    {
        var run = Train("--augmentation", changes);

        StringAssert.Contains(run.Succeeded(), mirrored == 1 ? "scored with mirror images" : "loss");
        Assert.AreEqual(mirrored == 1, run.Output.Contains("mirror", StringComparison.Ordinal), run.Output);
        using var metrics = JsonDocument.Parse(File.ReadAllText(_folder.At("out", "metrics.json")));
        var said = metrics.RootElement.GetProperty("augmentation").GetString();
        Assert.AreEqual(changes.ToLowerInvariant(), said!.Replace(" ", "", StringComparison.Ordinal));
        Assert.AreEqual(mirrored == 0, metrics.RootElement.GetProperty("neverFlipped").GetBoolean());

        // It stays so, and may be said anew.
        var first = _folder.At("first.zip");
        File.Move(_folder.At("out", "model.zip"), first, overwrite: true);
        var further = Train("--start-from", first).Succeeded();
        Assert.AreEqual(mirrored == 1, further.Contains("scored with mirror images", StringComparison.Ordinal), further);
        StringAssert.Contains(Train("--start-from", first, "--augmentation", "flip").Succeeded(), "scored with mirror images");
    }

    [TestMethod]
    [DataRow("--augmentation flips", "--augmentation is 'flips', but it must be some of none, flip, shift,")]
    [DataRow("--augmentation none,flip", "--augmentation is 'none,flip', but it must be some of")]
    [DataRow("--augmentation 3", "--augmentation is '3', but it must be some of")]
    [DataRow("--augmentation shift,flip --no-flip", "leave out one of them")]
    public void Wrong_changes_of_images_are_told_the_right_ones(string line, string error)
    {
        var run = SampleProcess.RunHere([.. _folder.Training, .. line.Split(' ')]);

        Assert.AreEqual(2, run.Status);
        StringAssert.Contains(run.Error, error);
    }

    [TestMethod]
    public void Training_from_scratch_hears_of_trained_weights()
    {
        StringAssert.Contains(Train().Output, "--pretrained");
        Assert.DoesNotContain("--pretrained", Train("--start-from", _folder.Model).Output);
    }

    [TestMethod]
    public void Test_images_may_have_a_folder_of_their_own()
    {
        _folder.Copy("middle", "kept");
        _folder.Copy("bottom", "kept");
        var run = Train("--test-images", _folder.At("kept"));

        run.Succeeded();
        using var metrics = JsonDocument.Parse(File.ReadAllText(_folder.At("out", "metrics.json")));
        Assert.AreEqual(30, metrics.RootElement.GetProperty("trainImages").GetInt32());
        Assert.AreEqual(20, metrics.RootElement.GetProperty("testImages").GetInt32());

        // By name, not by number: the first class of the one folder is the second of the other.
        var confusion = JsonDocument.Parse(SampleProcess.RunHere(
            ["evaluate", "--model", _folder.At("out", "model.zip"), "--images", _folder.At("kept"), "--json"]).Output).RootElement;
        Assert.AreEqual(
            confusion.GetProperty("accuracy").GetDouble(), metrics.RootElement.GetProperty("testAccuracy").GetDouble(), 1e-6);
        StringAssert.Contains(File.ReadAllText(_folder.At("out", "report.html")), "data:image/png");
    }

    [TestMethod]
    [DataRow("--test-images", "--test-images needs --images DIR")]
    [DataRow("--skip-unreadable", "--skip-unreadable needs --images DIR")]
    public void What_is_of_a_folder_needs_one(string option, string message)
    {
        var run = SampleProcess.RunHere(option == "--test-images" ? ["train", option, _folder.Images] : ["train", option]);

        Assert.AreEqual(2, run.Status);
        StringAssert.Contains(run.Error, message);
    }

    [TestMethod]
    public void The_whole_network_can_be_trained_further()
    {
        Train("--start-from", _folder.Model, "--frozen-stages", "-1").Succeeded();
    }

    [TestMethod]
    public void Classes_and_images_that_are_not_square_are_treated_as_is_said()
    {
        var run = Train("--resize-mode", "pad", "--class-weights", "balanced");

        run.Succeeded();
        StringAssert.Contains(run.Output, "all classes count alike in the accuracies of the epochs");
        Assert.AreEqual(ResizeMode.Pad, Model().ResizeMode);
        using var metrics = JsonDocument.Parse(File.ReadAllText(_folder.At("out", "metrics.json")));
        Assert.AreEqual("pad", metrics.RootElement.GetProperty("resizeMode").GetString());
        Assert.AreEqual("balanced", metrics.RootElement.GetProperty("classWeights").GetString());
        Train("--start-from", _folder.At("out", "model.zip")).Succeeded();
        Assert.AreEqual(ResizeMode.Pad, Model().ResizeMode, "As the model to start from sees them.");
    }

    [TestMethod]
    [DataRow(20, false, 20)]
    [DataRow(200, false, 128)]
    [DataRow(20, true, 128)]
    [DataRow(200, true, 224)]
    public void The_size_that_the_network_sees_follows_from_the_images_and_the_weights(int side, bool pretrained, int expected)
    {
        foreach (var row in Enumerable.Range(0, 6))
        {
            var folder = Directory.CreateDirectory(_folder.At("sized", $"{row % 2}")).FullName;
            Images.Image(row, 3, side).Save(Path.Combine(folder, $"{row}.png"));
        }

        SampleProcess.RunHere(
        [
            "train", "--images", _folder.At("sized"), "--epochs", "1", "--batch-size", "8", "--device", "cpu", "--precision", "float32",
            "--out", _folder.At("out"), .. pretrained ? (string[])["--pretrained", "--frozen-stages", "4"] : ["--architecture", "resnet20"],
        ]).Succeeded();

        Assert.AreEqual(expected, Model().ImageWidth);
        Assert.AreEqual(ResizeMode.CenterCrop, Model().ResizeMode);
    }

    [TestMethod]
    public void Another_network_than_that_of_the_weights_is_refused_before_the_images_are_read()
    {
        var run = Train("--pretrained", "--architecture", "resnet50");

        Assert.AreEqual(1, run.Status, run.Output);
        StringAssert.Contains(run.Error, "weights of the network resnet-2-2-2-3, but --architecture is resnet50");
        StringAssert.Contains(run.Error, "Leave out --architecture");
        Assert.DoesNotContain("reading images", run.Output);
    }

    private ProgramRun Train(params string[] more) =>
        SampleProcess.RunHere([.. _folder.Training, "--threads", "2", "--out", _folder.At("out"), .. more]);

    private ResNetModel Model()
    {
        using var network = ResNetTransformer.Find(new MLContext().Model.Load(_folder.At("out", "model.zip"), out _));
        return network.Model;
    }
}
