using ResNetMLNet.Distributed;
using ResNetMLNet.Sample;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Distributed;

/// <summary>What is made of the environment that a launcher of processes leaves.</summary>
[TestClass]
public sealed class LauncherTests
{
    [TestMethod]
    public void Of_Open_MPI_the_remedy_is_said()
    {
        var error = With("OMPI_COMM_WORLD_SIZE", "4", () => Assert.ThrowsExactly<InvalidOperationException>(() => Fit()));

        StringAssert.Contains(error.Message, "one of 4 processes that Open MPI started");
        StringAssert.Contains(error.Message, "mpich");
        StringAssert.Contains(error.Message, "DistributedTraining.Off");
        Assert.EndsWith("Intel MPI, MVAPICH or Microsoft MPI.", OptionNames.InCommandLine(error.Message), "The tool has no such option.");
    }

    [TestMethod]
    [DataRow("4", null, DistributedTraining.Auto, true)]
    [DataRow("1", null, DistributedTraining.Auto, false)]
    [DataRow("4", "1", DistributedTraining.Auto, false)]
    [DataRow("4", null, DistributedTraining.Off, false)]
    public void Slurm_that_does_not_tell_its_processes_of_each_other_is_said(
        string tasks, string? size, DistributedTraining distributed, bool isSaid)
    {
        var log = new List<string>();
        With("SLURM_STEP_NUM_TASKS", tasks, () => With("PMI_SIZE", size!, () => Images.Trainer(
            Images.Context(log), change: options => options.Distributed = distributed).Fit(Images.Labelled())));

        Assert.AreEqual(isSaid, log.Any(line => line.Contains("start them with srun --mpi=pmi2", StringComparison.Ordinal)));
    }

    [TestMethod]
    [DataRow("PMI_SIZE", "4")]
    [DataRow("OMPI_COMM_WORLD_SIZE", "4")]
    public void Each_process_trains_alone_where_that_is_asked_for(string name, string value) =>
        With(name, value, () => Fit(DistributedTraining.Off));

    [TestMethod]
    [DataRow("1")]
    [DataRow("many")]
    public void One_process_needs_nothing(string size) => With("PMI_SIZE", size, () => Fit());

    [TestMethod]
    public void A_process_knows_its_number()
    {
        Assert.AreEqual((0, 1, true), (DistributedProcess.Rank, DistributedProcess.Count, DistributedProcess.IsFirst));
        With("PMI_SIZE", "4", () => With("PMI_RANK", "3", () =>
        {
            Assert.AreEqual((3, 4, false), (DistributedProcess.Rank, DistributedProcess.Count, DistributedProcess.IsFirst));
            return true;
        }));
    }

    [TestMethod]
    [DataRow("MPI_LOCALRANKID", "1", 1)]
    [DataRow("SLURM_LOCALID", "2", 2)]
    [DataRow("NOTHING", "2", 5)]
    public void A_process_knows_its_place_on_its_machine(string name, string value, int place) =>
        With("PMI_RANK", "5", () => With(name, value, () =>
        {
            Assert.AreEqual(place, Launcher.LocalRank);
            return true;
        }));

    [TestMethod]
    [DataRow("4(x2),3", "1", 4)]
    [DataRow("4(x2),3", "2", 3)]
    [DataRow("2", "0", 2)]
    [DataRow("2", "1", 1)]
    [DataRow("many", "0", 1)]
    public void The_processes_of_a_machine_are_counted_under_Slurm(string tasks, string node, int count) =>
        With("PMI_SIZE", "11", () => With("SLURM_STEP_TASKS_PER_NODE", tasks, () => With("SLURM_NODEID", node, () =>
        {
            Assert.AreEqual(count, Launcher.LocalSize ?? 1);
            return true;
        })));

    // Beside it there are as many as the places say, and it itself is of the place a.
    [TestMethod]
    [DataRow("a", 1, DisplayName = "one a machine, or bound to processors of its own")]
    [DataRow("a b b", 1, DisplayName = "others share theirs")]
    [DataRow("a a b", 2, DisplayName = "two are bound to the same")]
    [DataRow("a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a", 36, DisplayName = "more than processors")]
    public void Processes_share_the_processors_that_they_are_bound_to(string places, int sharing)
    {
        var threads = Launcher.ThreadsEach(places.Split(' '), "a");

        Assert.AreEqual(sharing == 1 ? null : Math.Max(1, Environment.ProcessorCount / sharing), threads);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(7)]
    [DataRow(64)]
    public void Shares_are_all_images_once_and_nearly_equal(int images)
    {
        for (var size = 1; size < 9; size++)
        {
            var shares = Enumerable.Range(0, size).Select(rank => new Share(rank, size).Of(images)).ToArray();
            CollectionAssert.AreEqual(
                Enumerable.Range(0, images).ToArray(), shares.SelectMany(share => Enumerable.Range(share.Start, share.Count)).ToArray());
            Assert.IsLessThanOrEqualTo(1, shares.Max(share => share.Count) - shares.Min(share => share.Count));
        }
    }

    private static ResNetTransformer Fit(DistributedTraining distributed = DistributedTraining.Auto) =>
        Images.Trainer(Images.Context(), change: options => options.Distributed = distributed).Fit(Images.Labelled());

    private static T With<T>(string name, string value, Func<T> work)
    {
        Environment.SetEnvironmentVariable(name, value);
        try
        {
            return work();
        }
        finally
        {
            Environment.SetEnvironmentVariable(name, null);
        }
    }
}
