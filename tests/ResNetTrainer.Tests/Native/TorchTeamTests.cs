using ResNetMLNet.Native;

namespace ResNetMLNet.Tests.Native;

[TestClass]
public sealed class TorchTeamTests
{
    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(5)]
    public void Each_part_runs_once(int threads)
    {
        using var use = NativeThreads.Use(threads);
        var runs = new int[1000];
        TorchTeam.Run(runs.Length, part => Interlocked.Increment(ref runs[part]));

        CollectionAssert.AreEqual(Enumerable.Repeat(1, runs.Length).ToArray(), runs);
    }

    [TestMethod]
    public void As_many_threads_compute_as_libtorch_has()
    {
        Assert.IsTrue(TorchTeam.IsAvailable || !OperatingSystem.IsLinux());
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using var use = NativeThreads.Use(3);
        using var together = new Barrier(3);
        TorchTeam.Run(3, _ => Assert.IsTrue(together.SignalAndWait(TimeSpan.FromSeconds(20))));
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    public void What_is_thrown_arrives(int threads)
    {
        using var use = NativeThreads.Use(threads);
        var thrown = Assert.ThrowsExactly<InvalidOperationException>(
            () => TorchTeam.Run(3, part => throw new InvalidOperationException("no")));

        Assert.AreEqual("no", thrown.Message);
    }

    // OpenMP ends threads that a smaller team leaves over, and starts them again for the next.
    [TestMethod]
    public void Few_parts_cost_no_thread_its_life()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("The team is libtorch's own on Linux only.");
        }

        using var threads = NativeThreads.Use(4);
        var before = Team();
        TorchTeam.Run(2, _ => { });
        CollectionAssert.AreEquivalent(before, Team());

        // All four are needed at once.
        static string[] Team()
        {
            var names = new string[4];
            using var together = new Barrier(names.Length);
            TorchTeam.Run(names.Length, part =>
            {
                names[part] = new FileInfo("/proc/thread-self").LinkTarget!;
                Assert.IsTrue(together.SignalAndWait(TimeSpan.FromSeconds(20)));
            });
            return names;
        }
    }
}
