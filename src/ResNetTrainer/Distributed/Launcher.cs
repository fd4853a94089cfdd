using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace ResNetMLNet.Distributed;

/// <summary>How mpirun, mpiexec or srun placed this process, from its environment variables.</summary>
internal static class Launcher
{
    private const string Companion = "ResNetMLNet.Distributed";
    private const string CommunicatorType = $"{Companion}.MpiCommunicator";

    // Hydra (MPICH, Intel MPI, MVAPICH), Microsoft's mpiexec, and srun with PMI.
    private const string SizeName = "PMI_SIZE";
    private const string RankName = "PMI_RANK";
    private const string LocalSizeName = "MPI_LOCALNRANKS";
    private const string LocalRankName = "MPI_LOCALRANKID";
    private const string SlurmLocalRankName = "SLURM_LOCALID";
    private const string SlurmNode = "SLURM_NODEID";
    private const string SlurmTasks = "SLURM_STEP_TASKS_PER_NODE";
    private const string SlurmSize = "SLURM_STEP_NUM_TASKS";
    private const string OpenMpiSize = "OMPI_COMM_WORLD_SIZE";

    /// <summary>The number of this process; null where nobody says.</summary>
    public static int? Rank => Number(RankName);

    /// <summary>How many processes there are; null where nobody says.</summary>
    public static int? Count => Number(SizeName);

    /// <summary>How many of the processes are on this machine, itself included; null where nobody says.</summary>
    public static int? LocalSize => Number(LocalSizeName) ?? SlurmTasksHere;

    /// <summary>Which of the processes on this machine this one is, from 0.</summary>
    public static int LocalRank => Number(LocalRankName) ?? Number(SlurmLocalRankName) ?? Rank ?? 0;

    /// <summary>
    /// What is wrong where srun started several processes without telling them of each other, so that each trains alone; null where nothing
    /// is.
    /// </summary>
    public static string? Problem => Count is null && Number(SlurmSize) is > 1 and var tasks
        ? $"This is one of {tasks} processes that srun started, and knows of no other: each of them trains a model of its own. To train "
            + "one together, start them with srun --mpi=pmi2."
        : null;

    /// <summary>
    /// How many of the processes are on this machine, itself included. Where nobody says, as with Microsoft's mpiexec, they ask each other.
    /// </summary>
    public static int ProcessesHere(ProcessGroup group) => group.IsAlone
        ? 1
        : LocalSize ?? group.AllGather(Environment.MachineName).Count(name => name == Environment.MachineName);

    /// <summary>
    /// The threads for this process where others may run on the same processors of its machine: its share of those. Null leaves it to what
    /// is usual: alone, or where <c>mpirun</c> has bound each process to processors of its own. All of them have to ask.
    /// </summary>
    public static int? ThreadsEach(ProcessGroup group)
    {
        var own = Affinity;
        return group.IsAlone ? null : ThreadsEach(group.AllGather(own), own);
    }

    /// <param name="affinities">Of each process, its machine and the processors that it may run on.</param>
    /// <param name="own">Those of this one.</param>
    public static int? ThreadsEach(IEnumerable<string> affinities, string own) =>
        affinities.Count(affinity => affinity == own) is > 1 and var sharing ? Math.Max(1, Environment.ProcessorCount / sharing) : null;

    // "4(x2),3": four on each of the first two machines, three on the third.
    private static int? SlurmTasksHere
    {
        get
        {
            if (Count is null || Number(SlurmNode) is not { } node)
            {
                return null;
            }

            var each = Regex.Matches(Environment.GetEnvironmentVariable(SlurmTasks) ?? "", @"(\d{1,6})(?:\(x(\d{1,6})\))?")
                .SelectMany(group => Enumerable.Repeat(group.Groups[1].Value, group.Groups[2].Success ? ToInt(group.Groups[2]) : 1));
            return each.ElementAtOrDefault(node) is { } tasks ? int.Parse(tasks, CultureInfo.InvariantCulture) : null;

            static int ToInt(Group digits) => int.Parse(digits.Value, CultureInfo.InvariantCulture);
        }
    }

    // What a process is bound to; how much of it a container may use, .NET knows.
    private static string Affinity
    {
        get
        {
            const string Allowed = "Cpus_allowed_list:";
            var processors = OperatingSystem.IsLinux()
                ? File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Allowed, StringComparison.Ordinal))
                : null;
            return $"{Environment.MachineName} {processors}";
        }
    }

    /// <summary>The processes that this one was started with.</summary>
    /// <exception cref="InvalidOperationException">There are others, but no way to speak with them; it says what to do.</exception>
    public static ICommunicator Join()
    {
        const string Alone = "or set Distributed = DistributedTraining.Off to train a model in each.";
        if (Number(OpenMpiSize) is > 1 and var openMpi)
        {
            throw new InvalidOperationException(
                $"This is one of {openMpi} processes that Open MPI started, whose binary interface differs from the others': start them "
                + $"with mpirun of MPICH (Debian: mpich), Intel MPI, MVAPICH or Microsoft MPI, {Alone}");
        }

        if (Count is not (> 1 and var size))
        {
            return new SoleProcess();
        }

        try
        {
            // Only who trains on several machines carries it.
            var type = Assembly.Load(Companion).GetType(CommunicatorType, throwOnError: true)!;
            return (ICommunicator)type.GetProperty("World", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
        }
        catch (FileNotFoundException)
        {
            throw new InvalidOperationException(
                $"This is one of {size} processes that mpirun started: add the package {Companion}, {Alone}");
        }
        catch (TypeLoadException e)
        {
            throw new InvalidOperationException(
                $"The package {Companion} is of another version than ResNetMLNet: both must have the same.", e);
        }
        catch (TargetInvocationException e)
        {
            throw new InvalidOperationException(
                $"This is one of {size} processes that mpirun started, but MPI cannot be used: {e.GetBaseException().Message}", e);
        }
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;
}
