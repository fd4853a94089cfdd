using ResNetMLNet.Native;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training.Checkpoints;
using TorchSharp;

namespace ResNetMLNet.Tests.Native;

/// <summary>What a training sets for the whole process, and puts back.</summary>
[TestClass]
public class ProcessSettingsTests
{
    [TestInitialize]
    public void Load() => TorchRuntime.EnsureLoaded();

    [TestMethod]
    public void Threads_are_set_while_it_trains_and_put_back()
    {
        var before = torch.get_num_threads();
        var during = new List<int>();
        Fit(3, () => during.Add(torch.get_num_threads()));
        Assert.ThrowsExactly<TimeoutException>(() => Fit(3, () => throw new TimeoutException()));

        CollectionAssert.AreEqual((int[])[3], during);
        Assert.AreEqual(before, torch.get_num_threads());
    }

    [TestMethod]
    public void A_training_inside_another_and_one_beside_it_have_their_own_number()
    {
        var before = torch.get_num_threads();
        List<(int? Asked, int Found)> found = [];
        void Note(int? asked) => found.Add((asked, torch.get_num_threads()));
        Fit(3, () =>
        {
            Fit(2, () => Note(2));
            var beside = new Thread(() => Fit(null, () => Note(null)));
            beside.Start();
            beside.Join();
            Note(3);
        });

        CollectionAssert.AreEqual(((int?, int)[])[(2, 2), (null, Math.Min(before, Environment.ProcessorCount)), (3, 3)], found);
        Assert.AreEqual(before, torch.get_num_threads());
    }

    [TestMethod]
    public void It_trains_on_the_callers_thread()
    {
        // The first of a process has the heap in which glibc keeps large tensors.
        var threads = new List<int>();
        Fit(null, () => threads.Add(Environment.CurrentManagedThreadId));

        CollectionAssert.AreEqual((int[])[Environment.CurrentManagedThreadId], threads);
    }

    [TestMethod]
    public void What_the_caller_has_set_up_for_libtorch_is_neither_used_nor_changed()
    {
        using var scope = torch.NewDisposeScope();
        using var noGradients = torch.no_grad();
        var own = torch.ones(1);
        using var model = Images.Trainer(Images.Context()).Fit(Images.Labelled());

        Assert.AreEqual(1, scope.DisposablesCount);
        Assert.IsFalse(torch.is_grad_enabled());
        Assert.AreEqual(1, own.item<float>());
        Images.Context().MulticlassClassification.Evaluate(model.Transform(Images.Labelled()));
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void The_threads_of_a_team_bear_a_name_by_which_the_kernel_finds_them_and_the_callers_is_what_it_was()
    {
        static string[] Names() => [.. Directory.GetDirectories("/proc/self/task").Select(task => File.ReadAllText(task + "/comm").Trim())];
        var name = File.ReadAllText("/proc/thread-self/comm");
        using var threads = NativeThreads.Use(3);
        using var team = NativeTeam.Start();

        Assert.AreEqual(2, Names().Count(other => other == $"resnet-{Environment.CurrentManagedThreadId}"));
        Assert.AreEqual(name, File.ReadAllText("/proc/thread-self/comm"));
    }

    [TestMethod]
    public void A_number_of_threads_that_cannot_be_is_refused()
    {
        Assert.Contains("Threads", Assert.ThrowsExactly<InvalidOperationException>(() => Fit(0, () => { })).Message);
    }

    [TestMethod]
    public void The_processors_that_DOTNET_has_are_those_that_it_trains_on()
    {
        // As with a quota of one processor: libtorch alone would take four.
        var folder = Directory.CreateTempSubdirectory("resnet-tests-").FullName;
        try
        {
            SampleProcess.WriteImages(Path.Combine(folder, "images"));
            using var process = SampleProcess.Start(
                ["train", "--images", Path.Combine(folder, "images"), "--epochs", "1", "--image-size", "24", "--device", "cpu",
                    "--out", Path.Combine(folder, "out"), "--checkpoint", Path.Combine(folder, "checkpoints")],
                environment: [("DOTNET_PROCESSOR_COUNT", "1"), ("OMP_NUM_THREADS", "4")]);
            process.StandardOutput.ReadToEnd();
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.AreEqual(0, process.ExitCode, error);

            var (_, identity) = CheckpointFile.Read(Directory.GetFiles(Path.Combine(folder, "checkpoints"), "*.safetensors").Single());
            Assert.AreEqual("the CPU with 1 threads", identity["the device"]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void TF32_is_as_the_last_training_under_way_wants_it_and_put_back_after_all_of_them(bool firstEndsFirst)
    {
        static (bool, bool) Now() => (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32);
        var before = Now();
        var first = Tf32.Allow(true);
        Assert.AreEqual((true, true), Now());
        var second = Tf32.Allow(false);
        Assert.AreEqual((false, false), Now());
        var (earlier, later) = firstEndsFirst ? (first, second) : (second, first);
        earlier.Dispose();
        earlier.Dispose();
        Assert.AreEqual((!firstEndsFirst, !firstEndsFirst), Now());
        later.Dispose();

        Assert.AreEqual(before, Now());
    }

    [TestMethod]
    public void Where_there_is_no_driver_a_GPUs_memory_is_no_limit()
    {
        // A GPU of that number nobody has.
        Assert.AreEqual(long.MaxValue, CudaDriver.Memory(10_000));
        Assert.AreEqual((0, 0), CudaDriver.ComputeCapability(10_000));
    }

    private static void Fit(int? threads, Action afterEpoch) =>
        Images.Trainer(Images.Context(), change: options => (options.Threads, options.EpochCallback) = (threads, _ => afterEpoch()))
            .Fit(Images.Labelled()).Dispose();
}
