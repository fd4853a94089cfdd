using System.Text.Json;
using Microsoft.ML;
using ResNetMLNet.Sample;
using ResNetMLNet.Sample.Files;
using ResNetMLNet.Sample.Reporting.Charts;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>Where the results of a training go when the place that was named does not take them.</summary>
[TestClass]
public sealed class OutputTests : IDisposable
{
    private readonly SampleFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow("--out", "file")]
    [DataRow("--out", "file", "folder")]
    [DataRow("--checkpoint", "file")]
    [DataRow("--checkpoint", "file", "folder")]
    public void A_file_where_a_folder_is_wanted_is_said_before_the_training(string option, params string[] names)
    {
        File.WriteAllText(_folder.At("file"), "Not a folder.");

        var run = Train([option, _folder.At(names)]);

        run.AssertFailed(option, _folder.At(names), "a file");
        Assert.DoesNotContain("epoch", run.Output);
        Assert.AreEqual("Not a folder.", File.ReadAllText(_folder.At("file")));
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    [DataRow("--out")]
    [DataRow("--checkpoint")]
    public void A_folder_that_takes_no_files_is_said_before_the_training(string option)
    {
        // /proc is there for everybody and takes files from nobody, not even from root.
        var run = Train([option, "/proc"]);
        var below = Train([option, "/proc/out"]);

        run.AssertFailed(option, "'/proc'");
        below.AssertFailed(option, "'/proc/out'");
        Assert.DoesNotContain("epoch", run.Output + below.Output);
    }

    [TestMethod]
    [DataRow("model.zip")]
    [DataRow("metrics.json")]
    [DataRow("curves.png")]
    [DataRow("report.html")]
    public void A_folder_of_the_name_of_a_result_is_said_before_the_training(string name)
    {
        Directory.CreateDirectory(_folder.At("out", name));

        var run = Train(["--out", _folder.At("out")]);

        run.AssertFailed("--out", _folder.At("out", name));
        Assert.DoesNotContain("epoch", run.Output);
    }

    [TestMethod]
    public void A_folder_that_is_lost_during_the_training_does_not_cost_the_model()
    {
        var lost = _folder.At("lost");
        var output = new ReactingWriter("epoch  1", () =>
        {
            Directory.Delete(lost, recursive: true);
            File.WriteAllText(lost, "Something else is here now.");
        });

        var run = SampleProcess.RunHere([.. _folder.Training, "--out", lost], output);

        run.AssertFailed(lost, "model.zip", "curves.png", "instead");
        var saved = Path.GetDirectoryName(run.Error.Split('\'').Single(part => part.EndsWith("model.zip", StringComparison.Ordinal)))!;
        CollectionAssert.AreEquivalent(SampleFolder.Results, SampleFolder.NamesIn(saved));
        Assert.IsNotNull(new MLContext().Model.Load(Path.Combine(saved, "model.zip"), out _));
        Directory.Delete(saved, recursive: true);
    }

    [TestMethod]
    public void An_error_behind_the_training_says_where_the_model_is()
    {
        _folder.Copy("top", "kept");
        _folder.Copy("middle", "kept");
        var output = new ReactingWriter("epoch  1", () => Directory.Delete(_folder.At("kept"), recursive: true));

        var run = SampleProcess.RunHere(
            [.. _folder.Training, "--test-images", _folder.At("kept"), "--out", _folder.At("out")], output);

        Assert.AreEqual(1, run.Status, run.Output);
        Assert.HasCount(2, run.ErrorLines, run.Error);
        Assert.StartsWith($"The model is in {_folder.At("out", "model.zip")}. To test it: ", run.Error);
        Assert.EndsWith($" evaluate --model {_folder.At("out", "model.zip")} --images {_folder.At("kept")}", run.ErrorLines[0]);
    }

    [TestMethod]
    public void What_other_trainings_did_not_finish_stays()
    {
        string[] left = ["unfinished.zip", "last-good.zip"];
        Directory.CreateDirectory(_folder.At("out"));
        foreach (var name in left)
        {
            File.WriteAllText(_folder.At("out", name), "of another training");
        }

        Train([]).Succeeded();

        CollectionAssert.AreEquivalent((string[])[.. SampleFolder.Results, .. left], SampleFolder.NamesIn(_folder.At("out")));
    }

    [TestMethod]
    public void The_time_of_a_training_that_went_on_is_that_of_all_its_epochs()
    {
        // So many that they take longer than all else.
        string[] more = ["--epochs", "40", "--checkpoint", _folder.At("checkpoints"), "--out", _folder.At("out"), "--threads", "2"];
        string[] training = [.. _folder.Training.Where(word => word is not ("--epochs" or "1")), .. more];
        SampleProcess.RunHere(training).Succeeded();
        SampleProcess.RunHere([.. training, "--resume"]).Succeeded();

        using var metrics = JsonDocument.Parse(File.ReadAllText(_folder.At("out", "metrics.json")));
        var epochs = metrics.RootElement.GetProperty("epochs").EnumerateArray().Sum(epoch => epoch.GetProperty("seconds").GetDouble());
        Assert.IsGreaterThan(epochs, metrics.RootElement.GetProperty("totalSeconds").GetDouble());
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void A_disk_without_room_does_not_cost_the_model()
    {
        // A disk of 10 MB, which only the process sees; the model has 45.
        var full = Directory.CreateDirectory(_folder.At("full")).FullName;
        var disk = $"mount -t tmpfs -o size=10m tmpfs {full} || exit 77; cd {full}; \"$@\"; status=$?; ls {full}; exit $status";
        string[] training = [.. _folder.Training, "--architecture", "resnet18-book", "--out", full];
        var run = SampleProcess.RunInShell($"exec unshare -rm sh -c '{disk}' \"$0\" \"$@\"", training);
        if (run.Status == 77)
        {
            Assert.Inconclusive("Nothing can be mounted here.");
        }

        run.AssertFailed(full, "No space left", "instead");
        var saved = run.Error.Split('\'').Single(part => part.EndsWith("model.zip", StringComparison.Ordinal));
        Assert.IsNotNull(new MLContext().Model.Load(saved, out _));
        Assert.DoesNotContain("metrics.json", run.OutputLines, "What belongs to the model is beside it.");
        CollectionAssert.AreEquivalent(SampleFolder.Results, SampleFolder.NamesIn(Path.GetDirectoryName(saved)!));
        Directory.Delete(Path.GetDirectoryName(saved)!, recursive: true);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void A_machine_without_fonts_gets_charts_without_text_and_is_told()
    {
        // Hidden from the process alone.
        const string hide = "[ ! -d /usr/share/fonts ] || mount -t tmpfs tmpfs /usr/share/fonts || exit 77; exec \"$@\"";
        var run = SampleProcess.RunInShell(
            $"exec unshare -rm sh -c '{hide}' \"$0\" \"$@\"", [.. _folder.Training, "--out", _folder.At("plain")]);
        if (run.Status == 77)
        {
            Assert.Inconclusive("Nothing can be mounted here.");
        }

        run.Succeeded();
        Assert.Contains("no fonts", run.Error);
        CollectionAssert.AreEquivalent(SampleFolder.Results, SampleFolder.NamesIn(_folder.At("plain")));
    }

    [TestMethod]
    public void A_stream_that_fails_does_not_end_the_process_when_curves_are_drawn() =>
        Assert.ThrowsExactly<IOException>(() => PngChart.Write(new FullStream(), CurvesChart.Create([]), names: []));

    [TestMethod]
    public void What_cannot_be_removed_keeps_nothing_from_being_written()
    {
        var path = _folder.At("gone");
        var folder = OutputFolder.Open(path, "--out", "metrics.json");
        Directory.Delete(path);

        folder.Remove("confusion.png");
    }

    [TestMethod]
    public void What_a_killed_run_left_is_removed_and_what_another_one_writes_is_not()
    {
        var (left, held) = (OutputFile.TemporaryName(_folder.At("model.zip")), OutputFile.TemporaryName(_folder.At("model.zip")));
        var foreign = _folder.At("model.zip.mine.tmp");
        File.WriteAllText(left, "half");
        File.WriteAllText(foreign, "mine");
        using (OutputFile.Create(held))
        {
            OutputFolder.Open(_folder.Path, "--out", "model.zip", "metrics.json");
        }

        CollectionAssert.AreEquivalent(
            (string[])[_folder.Model, held, foreign], Directory.GetFiles(_folder.Path));
    }

    [TestMethod]
    public void No_place_left_is_an_error_that_names_both()
    {
        var folder = OutputFolder.Open(_folder.At("out"), "--out", "model.zip");

        var error = Assert.ThrowsExactly<IOException>(() => folder.Write("model.zip", _ => throw new IOException("No space left.")));

        StringAssert.Contains(error.Message, $"'{_folder.At("out")}' (No space left.)");
        StringAssert.Contains(error.Message, Path.GetTempPath());
        Assert.IsEmpty(Directory.GetFiles(_folder.At("out")));
    }

    [TestMethod]
    public void Two_that_write_one_file_do_not_disturb_each_other()
    {
        var path = _folder.At("both");
        OutputFile.Write(path, first =>
        {
            first.Write("fir"u8);
            OutputFile.Write(path, second => second.Write("second"u8));
            Assert.AreEqual("second", File.ReadAllText(path));
            first.Write("st"u8);
        });

        Assert.AreEqual("first", File.ReadAllText(path));
        CollectionAssert.AreEqual((string[])[path], Directory.GetFiles(_folder.Path, "both*"));
    }

    [TestMethod]
    public void Metrics_that_are_no_numbers_do_not_cost_the_file()
    {
        var row = new TrainingMetrics.EpochRow
        {
            Epoch = 1,
            TrainLoss = double.NaN,
            TrainAccuracy = 0.5,
            TestLoss = double.PositiveInfinity,
            TestAccuracy = null,
            ImagesPerSecond = 1,
            Seconds = 1,
        };

        var json = JsonSerializer.Serialize(row, SampleJson.Default.EpochRow);

        StringAssert.Contains(json, "\"trainLoss\": \"NaN\"");
        StringAssert.Contains(json, "\"testLoss\": \"Infinity\"");
    }

    private ProgramRun Train(string[] more) =>
        SampleProcess.RunHere([.. _folder.Training, .. more.Contains("--out") ? [] : (string[])["--out", _folder.At("out")], .. more]);

    private sealed class FullStream : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("No space left.");

        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("No space left.");

        public override void WriteByte(byte value) => throw new IOException("No space left.");
    }

    // Does something when a line of this beginning is written.
    private sealed class ReactingWriter(string beginning, Action reaction) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.StartsWith(beginning, StringComparison.Ordinal) == true)
            {
                reaction();
            }
        }
    }
}
