using System.Diagnostics;
using System.Globalization;
using ResNetMLNet.Formats;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training.Checkpoints;

namespace ResNetMLNet.Tests.Distributed;

/// <summary>One training in several processes.</summary>
[TestClass]
[TestCategory("Mpi")]
public sealed partial class MpiTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("resnet-ranks-").FullName;

    [TestInitialize]
    public void RequireMpi() => Mpirun.Require();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [DataRow(2, 4, 80, "even")]
    [DataRow(2, 4, 83, "the last batch of three images")]
    [DataRow(3, 2, 47, "one process has no image of the last batch")]
    public void Processes_that_normalise_together_are_one_with_the_whole_batch(int processes, int batch, int rows, string _)
    {
        var alone = Ranks(1, "alone", $"batch={processes * batch}", $"rows={rows}", "validate=1");
        var together = Ranks(processes, "together", $"batch={batch}", $"rows={rows}", "sync=1", "validate=1");

        AssertNear(alone, together, 1e-4);

        AssertSame(Weights("alone", 0), Weights("together", 0), 2e-4);
    }

    [TestMethod]
    public void The_command_line_trains_in_several_processes_of_which_the_first_speaks_and_writes()
    {
        SampleProcess.WriteImages(Path.Combine(_folder, "images"));
        var folder = Path.Combine(_folder, "out");
        using var process = Mpirun.Start(
            2, SampleProcess.Program, "train", "--images", Path.Combine(_folder, "images"), "--epochs", "1", "--image-size", "20",
            "--batch-size", "4", "--device", "cpu", "--precision", "float32", "--out", folder);
        var run = Programs.End(process, TimeSpan.FromMinutes(2));

        Assert.AreEqual(0, run.Status, run.Error);
        CollectionAssert.AreEquivalent(SampleFolder.Results, SampleFolder.NamesIn(folder));
        Assert.HasCount(2, run.Output.Split("epoch  1 of 1"));
        StringAssert.Contains(run.Output, "batches of 8");
    }

    [TestMethod]
    [DataRow("sync=1")]
    [DataRow("book=1")]
    public void All_processes_have_the_same_model_to_the_last_bit(string option)
    {
        Ranks(2, "both", option, "rows=46", "epochs=2");

        AssertSame(Weights("both", 0), Weights("both", 1), 0);
    }

    [TestMethod]
    [DataRow("rows=82", "each process has one image of the last batch")]
    [DataRow("weights=1", "nothing counts in most batches")]
    public void Running_statistics_stay_good_where_there_is_nothing_to_learn_from(string option, string _)
    {
        Ranks(2, "little", option, "epochs=2");

        var weights = Weights("little", 0);
        AssertSame(weights, Weights("little", 1), 0);
        foreach (var (name, values) in weights.Tensors.Where(each => each.Key.EndsWith("running_var", StringComparison.Ordinal)))
        {
            Assert.IsGreaterThan(0, values.Data.Min(), name);
        }
    }

    [TestMethod]
    public void Running_statistics_count_every_image_alike_whatever_it_weighs()
    {
        // Weights of the network stand still.
        string[] common = ["book=1", "rate=1e-30", "rows=32"];
        Ranks(2, "alike", common);
        Ranks(2, "weighed", ["weights=1", .. common]);

        AssertSame(Weights("alike", 0), Weights("weighed", 0), 1e-6);
    }

    [TestMethod]
    [DataRow(2)]
    [DataRow(3)]
    public void Gradients_that_are_sent_as_bfloat16_train_nearly_the_same(int processes)
    {
        // So wide that some layers are large enough to be compressed.
        string[] common = ["width=16", "size=64", "rows=66", "validate=1"];
        var plain = Ranks(processes, "plain", common);
        var compressed = Ranks(processes, "compressed", ["compress=1", .. common]);

        AssertNear(plain, compressed, 0.02);

        AssertSame(Weights("plain", 0), Weights("compressed", 0), 0.05);
        Assert.Throws<AssertFailedException>(() => AssertSame(Weights("plain", 0), Weights("compressed", 0), 0));
        AssertSame(Weights("compressed", 0), Weights("compressed", processes - 1), 0);
    }

    [TestMethod]
    public void Features_of_frozen_layers_are_computed_by_all_for_all()
    {
        var alone = Ranks(1, "alone", "frozen=4", "batch=24", "rows=203", "validate=1");
        var together = Ranks(3, "together", "frozen=4", "batch=8", "sync=1", "rows=203", "validate=1");

        AssertNear(alone, together, 1e-3);

        AssertSame(Weights("alone", 0), Weights("together", 0), 1e-3);
        AssertSame(Weights("together", 0), Weights("together", 2), 0);
    }

    [TestMethod]
    public void Of_streamed_images_each_process_reads_its_share()
    {
        var run = Ranks(2, "streamed", "stream=1", "rows=83", "epochs=2");

        // The first one shows that they do not fit; then 42 and 41 in each epoch.
        StringAssert.Contains(run.Output, "rank 0: read 85 images");
        StringAssert.Contains(run.Output, "rank 1: read 83 images");
        AssertSame(Weights("streamed", 0), Weights("streamed", 1), 0);
    }

    [TestMethod]
    public void Processes_that_nobody_counts_share_the_processors_of_their_machine_too()
    {
        var run = Ranks(2, "uncounted", "uncounted=1");

        StringAssert.Contains(run.Output, $"{Math.Max(1, Environment.ProcessorCount / 2)} threads");
    }

    [TestMethod]
    [DataRow("differ=1", "Seed is 3 in rank 0 and 5 in rank 1")]
    [DataRow("sync-one=1", "SynchronizedNormalization is False in rank 0 and True in rank 1")]
    [DataRow("more=1", "the training data is 80 images")]
    [DataRow("throw-one=1", "OnCancellation is ReturnModel in rank 0 and Throw in rank 1")]
    public void Processes_that_mean_different_trainings_are_refused_before_the_first_step(string option, string words)
    {
        var run = Mpirun.Run(2, $"out={_folder}", option);

        Assert.AreNotEqual(0, run.Status);
        StringAssert.Contains(run.Error, words);
        StringAssert.Contains(run.Error, "rank 1: The processes do not train the same");
        Assert.DoesNotContain("loss", run.Output);
    }

    [TestMethod]
    public void Fewer_than_two_images_for_each_process_that_normalises_alone_are_refused()
    {
        var run = Mpirun.Run(2, $"out={_folder}", "rows=3");

        Assert.AreNotEqual(0, run.Status);
        StringAssert.Contains(run.Error, "There are 3 images in a step, too few for 2 processes");
        Ranks(2, "together", "rows=3", "sync=1");
    }

    [TestMethod]
    [DataRow("fail=1", "'Nothing'")]
    [DataRow("lost=1", "lost.safetensors', which does not exist")]
    [DataRow("prune=1", "DataPruning")]
    public void One_that_fails_before_training_is_named_by_all(string option, string words)
    {
        var watch = Stopwatch.StartNew();
        var run = Mpirun.Run(2, $"out={_folder}", option);

        Assert.AreNotEqual(0, run.Status);
        StringAssert.Contains(run.Error, "rank 0: Rank 1 of 2 has failed");
        StringAssert.Contains(run.Error, words);
        Assert.IsLessThan(30, watch.Elapsed.TotalSeconds);
    }

    // Also where the callback throws because it is cancelled: the others know nothing of it yet.
    [TestMethod]
    [DataRow("throw=1")]
    [DataRow("throw=1 cancelled=1")]
    public void One_whose_callback_fails_ends_the_others(string options)
    {
        var run = Mpirun.Run(2, [$"out={_folder}", .. options.Split(' '), "epochs=3"]);

        Assert.AreNotEqual(0, run.Status);
        StringAssert.Contains(run.Error, "Rank 0 of 2 has failed, and ends the others: The callback has had enough.");
    }

    [TestMethod]
    [DataRow("images=memory")]
    [DataRow("stream=1")]
    public void One_that_is_cancelled_ends_all_with_one_model(string images)
    {
        var run = Ranks(2, "cancelled", "epochs=200000", "cancel=1", "after=3000", images);

        StringAssert.Contains(run.Output, "rank 0: Cancelled");
        StringAssert.Contains(run.Output, "rank 1: Cancelled");
        AssertSame(Weights("cancelled", 0), Weights("cancelled", 1), 0);
    }

    [TestMethod]
    public void From_a_checkpoint_as_many_go_on_exactly_and_fewer_or_more_go_on()
    {
        Ranks(2, "whole", "epochs=4");
        var checkpoint = $"checkpoint={Path.Combine(_folder, "checkpoints")}";
        Ranks(2, "part", "epochs=4", checkpoint, "often=1", "pause=700", "cancel=0", "after=2000");
        foreach (var file in Directory.GetFiles(Path.Combine(_folder, "checkpoints"), "*.safetensors"))
        {
            // What is not used is not mentioned: so it was before there was any compression.
            Assert.DoesNotContain(nameof(GradientCompression), CheckpointFile.Read(file).Identity.Keys);
        }

        Ranks(2, "rest", "epochs=4", checkpoint, "resume=1");
        AssertSame(Weights("whole", 0), Weights("rest", 0), 0);
        AssertSame(Weights("whole", 0), Weights("rest", 1), 0);

        var other = $"checkpoint={Path.Combine(_folder, "others")}";
        Ranks(2, "two", "epochs=40", other, "often=1", "pause=300", "cancel=1", "after=2000");
        var one = Ranks(1, "one", "epochs=40", other, "resume=1", "pause=300", "cancel=0", "after=2000");
        StringAssert.Contains(one.Output, "of another number of processes");
        var two = Ranks(2, "again", "epochs=40", other, "resume=1");
        StringAssert.Contains(two.Output, "epoch 40 of 40");
        Assert.DoesNotContain("epoch 1 of", two.Output);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void One_that_is_killed_ends_the_others_and_nothing_is_lost(int rank)
    {
        // KILLS=10 for as many of each as the figures in docs/BENCHMARKS.md are of.
        var kills = int.Parse(Environment.GetEnvironmentVariable("KILLS") ?? "1", CultureInfo.InvariantCulture);
        var checkpoint = $"checkpoint={Path.Combine(_folder, "checkpoints")}";
        var random = new Random(rank);
        var last = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            using var process = Mpirun.Start(
                2, Mpirun.Ranks, $"out={_folder}", "epochs=100000", "rate=0.001", checkpoint, "often=1", "resume=1");
            var epoch = Epoch(process, last);
            Thread.Sleep(random.Next(300));
            var watch = Stopwatch.StartNew();
            Kill(process, rank);
            Assert.IsTrue(process.WaitForExit(TimeSpan.FromSeconds(10)), "The others go on.");
            Console.WriteLine($"ended after {watch.Elapsed.TotalSeconds:F2} s in epoch {epoch}");
            Assert.AreNotEqual(0, process.ExitCode);
            last = epoch;
        }

        // The last checkpoint is whole.
        using var again = Mpirun.Start(2, Mpirun.Ranks, $"out={_folder}", "epochs=100000", "rate=0.001", checkpoint, "resume=1");
        Epoch(again, last);
        Kill(again, 0);
        again.WaitForExit();
    }

    // Reads until some epochs have been done after the one that is given; none is done again.
    private static int Epoch(Process process, int after)
    {
        var epoch = 0;
        for (var count = 0; count < 3;)
        {
            var line = process.StandardOutput.ReadLine() ?? throw new AssertFailedException(process.StandardError.ReadToEnd());
            if (line.StartsWith("epoch ", StringComparison.Ordinal))
            {
                epoch = int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
                Assert.IsGreaterThanOrEqualTo(after, epoch);
                count++;
            }
        }

        _ = process.StandardOutput.ReadToEndAsync();
        return epoch;
    }

    private static void Kill(Process mpirun, int rank)
    {
        var ours = Process.GetProcessesByName("dotnet").Where(each => IsBelow(each.Id, mpirun.Id) && RankOf(each.Id) == rank);
        Assert.ContainsSingle(ours).Kill();
    }

    private static bool IsBelow(int id, int ancestor)
    {
        while (id > 1 && id != ancestor)
        {
            try
            {
                // The name, which may have spaces, is in brackets.
                id = int.Parse(File.ReadAllText($"/proc/{id}/stat").Split(") ")[1].Split(' ')[1], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                return false;
            }
        }

        return id == ancestor;
    }

    private static int RankOf(int id)
    {
        var found = File.ReadAllText($"/proc/{id}/environ").Split('\0')
            .FirstOrDefault(each => each.StartsWith("PMI_RANK=", StringComparison.Ordinal));
        return found is null ? -1 : int.Parse(found.Split('=')[1], CultureInfo.InvariantCulture);
    }

    private ProgramRun Ranks(int processes, string name, params string[] arguments)
    {
        Directory.CreateDirectory(Path.Combine(_folder, name));
        var run = Mpirun.Run(processes, [$"out={Path.Combine(_folder, name)}", .. arguments]);
        run.Succeeded();
        return run;
    }

    // In the end, or those that a training has started from.
    private NamedTensors Weights(string name, int rank, string of = "rank")
    {
        using var stream = File.OpenRead(Path.Combine(_folder, name, $"{of}{rank}.safetensors"));
        return SafeTensors.Read(stream, out _);
    }

    private static void AssertNear(ProgramRun one, ProgramRun other, double tolerance)
    {
        var (expected, actual) = (Numbers(one.Output), Numbers(other.Output));
        Assert.IsNotEmpty(expected);
        Assert.HasCount(expected.Length, actual);
        for (var i = 0; i < actual.Length; i++)
        {
            Assert.AreEqual(expected[i], actual[i], tolerance * Math.Abs(expected[i]));
        }
    }

    private static double[] Numbers(string output) =>
    [
        .. output.Split('\n').Where(line => line.StartsWith("loss ", StringComparison.Ordinal))
            .SelectMany(line => line.Split(' ').Where((_, index) => index % 2 == 1))
            .Select(word => double.Parse(word, CultureInfo.InvariantCulture)),
    ];

    private static void AssertSame(NamedTensors expected, NamedTensors actual, double tolerance)
    {
        foreach (var (name, values) in expected.Tensors)
        {
            var others = actual.Tensors[name].Data;
            var difference = Math.Sqrt(values.Data.Zip(others, (a, b) => Math.Pow((double)a - b, 2)).Sum());

            // Of what is nearly nothing, the last bits are all there is.
            var size = 1e-3 + Math.Sqrt(values.Data.Sum(value => (double)value * value));
            Assert.IsLessThanOrEqualTo(tolerance * size, difference, name);
        }
    }
}
