using ResNetMLNet.Distributed;

namespace ResNetMLNet;

/// <summary>
/// This process among those that <c>mpirun</c> started, which train one model together (<see cref="ResNetTrainer.Options.Distributed"/>).
/// All of them get the model; one of them should save it.
/// </summary>
public static class DistributedProcess
{
    /// <summary>Its number, from 0; 0 where it is alone.</summary>
    public static int Rank => Launcher.Rank ?? 0;

    /// <summary>How many there are; 1 where it is alone.</summary>
    public static int Count => Launcher.Count ?? 1;

    /// <summary>Whether it is the first, the one to speak and to write files.</summary>
    public static bool IsFirst => Rank == 0;
}
