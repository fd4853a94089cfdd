using System.Diagnostics;
using Microsoft.ML;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>Training as a process of its own that is killed, or interrupted, and started again.</summary>
[TestClass]
public class KillTests
{
    private const int Epochs = 20;
    private const int Kills = 20;

    private static string _folder = "";

    private static string Checkpoints => Path.Combine(_folder, "checkpoints");

    [ClassInitialize]
    public static void MakeImages(TestContext _)
    {
        _folder = Directory.CreateTempSubdirectory("resnet-tests-").FullName;
        SampleProcess.WriteImages(Path.Combine(_folder, "images"));
    }

    [ClassCleanup]
    public static void Delete() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Training_that_is_killed_at_random_moments_ends_as_if_it_had_not_been()
    {
        var undisturbed = Path.Combine(_folder, "undisturbed");
        using (var process = Train(Epochs, "--out", undisturbed))
        {
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.AreEqual(0, process.ExitCode);
        }

        var disturbed = Path.Combine(_folder, "disturbed");
        var random = new Random();
        var (killed, unfinished, resumed) = (0, 0, 0);
        while (killed < Kills)
        {
            // Should a training end before it has been killed often enough, there is another.
            var ended = false;
            while (!ended)
            {
                using var process = Train(Epochs, "--out", disturbed, "--checkpoint", Checkpoints, "--resume");
                resumed += WaitForStart(process) ? 1 : 0;
                if (killed < Kills && WaitForMoment(process, random.Next(1000), whileWriting: killed % 2 == 0))
                {
                    process.Kill();
                    process.WaitForExit();
                    unfinished += Files("*.tmp").Length;
                    killed++;
                    continue;
                }

                var output = process.StandardOutput.ReadToEnd();
                process.WaitForExit();
                Assert.AreEqual(0, process.ExitCode, output);
                ended = true;
            }

            AssertSame(undisturbed, disturbed);
            Directory.Delete(Checkpoints, recursive: true);
            Directory.Delete(disturbed, recursive: true);
        }

        Assert.IsGreaterThan(0, resumed);
        Assert.IsGreaterThan(0, unfinished, "None of the kills hit a file that was being written.");
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    [DataRow("INT")]
    [DataRow("TERM")]
    [DataRow("HUP")]
    public void A_signal_to_end_keeps_what_was_trained_so_far(string signal)
    {
        var (folder, checkpoints) = (Path.Combine(_folder, signal), Path.Combine(_folder, $"{signal}-checkpoints"));
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "confusion.png"), "of another model");
        var error = TrainAndSignal(signal, "--out", folder, "--checkpoint", checkpoints);

        StringAssert.Contains(error, "Cancelled in epoch");
        StringAssert.Contains(error, folder);
        Assert.IsFalse(File.Exists(Path.Combine(folder, "confusion.png")));
        var model = Load(folder);
        Assert.AreEqual(TrainingOutcome.Cancelled, model.Training.Outcome);
        Assert.IsGreaterThanOrEqualTo(2, model.History.Count);
        Assert.IsNotEmpty(Directory.GetFiles(checkpoints, "*.safetensors"));
        Assert.IsEmpty(Directory.GetFiles(checkpoints, "*.tmp"));
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void Part_of_a_training_replaces_nothing_that_an_earlier_one_left()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "earlier")).FullName;
        foreach (var name in SampleFolder.Results)
        {
            File.WriteAllText(Path.Combine(folder, name), "earlier");
        }

        var error = TrainAndSignal("INT", "--out", folder);

        var unfinished = Path.Combine(folder, "unfinished.zip");
        Assert.Contains($"--start-from {unfinished}", error);
        Assert.AreEqual(TrainingOutcome.Cancelled, Load(folder, "unfinished.zip").Training.Outcome);
        foreach (var name in SampleFolder.Results)
        {
            Assert.AreEqual("earlier", File.ReadAllText(Path.Combine(folder, name)), name);
        }
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void Part_of_a_training_replaces_no_part_of_another_one()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "parts")).FullName;
        File.WriteAllText(Path.Combine(folder, "model.zip"), "earlier");
        TrainAndSignal("INT", "--out", folder);
        var first = Path.Combine(folder, "unfinished.zip");
        var before = File.ReadAllBytes(first);

        // It starts from the other one's part, and goes on, which needs that as it was.
        string[] arguments = ["--out", folder, "--start-from", first, "--checkpoint", $"{folder}-checkpoints"];
        var error = TrainAndSignal("INT", arguments);
        var second = Load(folder, "unfinished-2.zip").History.Count;
        TrainAndSignal("INT", [.. arguments, "--resume"]);

        Assert.Contains(Path.Combine(folder, "unfinished-2.zip"), error);
        CollectionAssert.AreEqual(before, File.ReadAllBytes(first));
        Assert.IsGreaterThan(second, Load(folder, "unfinished-2.zip").History.Count);
        CollectionAssert.AreEquivalent((string[])["model.zip", "unfinished.zip", "unfinished-2.zip"], SampleFolder.NamesIn(folder));
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void What_has_not_seen_all_images_once_is_not_left_as_the_model()
    {
        var folder = Path.Combine(_folder, "soon");

        // The images that ship with the sample: an epoch of them takes seconds.
        using var process = SampleProcess.Start(["train", "--epochs", "2", "--device", "cpu", "--threads", "1", "--out", folder]);
        WaitForStart(process);
        Process.Start("kill", ["-INT", $"{process.Id}"]).WaitForExit();
        process.StandardOutput.ReadToEnd();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();

        Assert.AreEqual(130, process.ExitCode, error);
        Assert.Contains("Ctrl+C again", error);
        Assert.Contains("begin again with", error);
        Assert.DoesNotContain("--start-from", error);
        CollectionAssert.AreEqual((string[])["unfinished.zip"], SampleFolder.NamesIn(folder));
        Assert.IsEmpty(Load(folder, "unfinished.zip").History);
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void A_training_that_goes_on_replaces_what_it_left_when_it_was_cancelled()
    {
        var folder = Path.Combine(_folder, "again");
        string[] arguments = ["--out", folder, "--checkpoint", $"{folder}-checkpoints"];
        TrainAndSignal("INT", arguments);
        var before = Load(folder).History.Count;

        TrainAndSignal("INT", [.. arguments, "--resume"]);

        Assert.IsGreaterThan(before, Load(folder).History.Count);
        CollectionAssert.DoesNotContain(SampleFolder.NamesIn(folder), "unfinished.zip");
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    [DataRow("INT", 130)]
    [DataRow("TERM", 143)]
    public void A_signal_to_end_ends_what_has_nothing_to_keep_at_once(string signal, int status)
    {
        // A pipe into which nobody writes: the command waits for it.
        var pipe = Path.Combine(_folder, $"{signal}.zip");
        Process.Start("mkfifo", pipe).WaitForExit();
        using var process = SampleProcess.Start(["evaluate", "--model", pipe]);
        Assert.IsFalse(process.WaitForExit(TimeSpan.FromSeconds(2)));

        Process.Start("kill", ["-" + signal, $"{process.Id}"]).WaitForExit();
        var ended = process.WaitForExit(TimeSpan.FromSeconds(20));
        process.Kill();

        Assert.IsTrue(ended);
        Assert.AreEqual(status, process.ExitCode);
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void A_hangup_that_nohup_lets_pass_does_not_end_training()
    {
        var folder = Path.Combine(_folder, "nohup");
        var run = SampleProcess.RunInShell(
            $"""
            trap '' HUP; "$@" & p=$!
            while ! ls {folder}-checkpoints/checkpoint* > /dev/null 2>&1; do sleep 0.1; done
            kill -HUP $p; wait $p
            """,
            [.. Arguments(3), "--out", folder, "--checkpoint", $"{folder}-checkpoints"]);

        Assert.AreEqual(0, run.Status, run.Error);
        Assert.AreEqual(TrainingOutcome.Completed, Load(folder).Training.Outcome);
    }

    // Reads on to the line with which training begins; whether it goes on from a checkpoint.
    private static bool WaitForStart(Process process)
    {
        var resumed = false;
        while (process.StandardOutput.ReadLine() is { } line && !line.Contains("parameters) on", StringComparison.Ordinal))
        {
            resumed |= line.StartsWith("going on from the checkpoint", StringComparison.Ordinal);
        }

        return resumed;
    }

    // Waits for some time, and then for a file that is being written where that is wanted, or for one that has been, so that there is
    // something to go on from; whether the process still runs.
    private static bool WaitForMoment(Process process, int milliseconds, bool whileWriting)
    {
        var watch = Stopwatch.StartNew();
        var pattern = whileWriting ? "*.tmp" : "*.safetensors";
        while (!process.HasExited && (watch.ElapsedMilliseconds < milliseconds || Files(pattern).Length == 0))
        {
            Thread.Sleep(1);
        }

        return !process.HasExited;
    }

    private static void AssertSame(string undisturbed, string disturbed)
    {
        var (expected, found) = (Load(undisturbed), Load(disturbed));
        Assert.AreEqual(expected.Network.Weights.Fingerprint(), found.Network.Weights.Fingerprint());
        CollectionAssert.AreEqual(
            expected.History.Select(epoch => (epoch.Epoch, epoch.TrainLoss, epoch.ValidationLoss)).ToArray(),
            found.History.Select(epoch => (epoch.Epoch, epoch.TrainLoss, epoch.ValidationLoss)).ToArray());
        CollectionAssert.AreEqual(
            Enumerable.Range(Epochs - 2, 3).Select(epoch => $"checkpoint-{epoch:D4}-0000000.safetensors").ToArray(),
            Directory.GetFiles(Checkpoints).Select(Path.GetFileName).Order().ToArray());
        CollectionAssert.AreEquivalent(
            (string[])["model.zip", "metrics.json", "curves.png", "confusion.png", "report.html"],
            Directory.GetFiles(disturbed).Select(Path.GetFileName).ToArray());
    }

    private static string[] Files(string pattern) => Directory.Exists(Checkpoints) ? Directory.GetFiles(Checkpoints, pattern) : [];

    private static ResNetModel Load(string folder, string name = "model.zip")
    {
        var chain = (IEnumerable<ITransformer>)new MLContext().Model.Load(Path.Combine(folder, name), out _);
        using var model = chain.OfType<ResNetTransformer>().Single();
        return model.Model;
    }

    // What a training says that is asked to end two epochs after its beginning, or a little later.
    private static string TrainAndSignal(string signal, params string[] more)
    {
        using var process = Train(1000, more);
        for (var epochs = 0; epochs < 2 && process.StandardOutput.ReadLine() is { } line;)
        {
            epochs += line.StartsWith("epoch ", StringComparison.Ordinal) ? 1 : 0;
        }

        Process.Start("kill", ["-" + signal, $"{process.Id}"]).WaitForExit();
        process.StandardOutput.ReadToEnd();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();

        Assert.AreEqual(130, process.ExitCode, error);
        return error;
    }

    private static Process Train(int epochs, params string[] more) => SampleProcess.Start([.. Arguments(epochs), .. more]);

    private static string[] Arguments(int epochs) =>
    [
        "train", "--threads", "2", "--images", Path.Combine(_folder, "images"),
        "--epochs", $"{epochs}",
        "--image-size", "24", "--batch-size", "8", "--device", "cpu",
    ];
}
