using System.Diagnostics;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Distributed;

/// <summary>Programs in several processes that MPI starts.</summary>
internal static class Mpirun
{
    private static readonly string[] _names = ["mpirun.mpich", "mpirun.hydra", "mpiexec.hydra"];

    private static string? Path => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator)
        .SelectMany(folder => _names.Select(name => System.IO.Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);

    /// <summary>The program of the folder tests/Ranks.</summary>
    public static string Ranks => Programs.PathOf("tests", "Ranks");

    /// <summary>Skips the test where there is no MPI.</summary>
    public static void Require()
    {
        if (Path is null)
        {
            Assert.Inconclusive("MPICH is not installed (Debian: apt-get install mpich): nothing was run in several processes.");
        }
    }

    /// <summary>Starts a program in so many processes; one process is started without MPI.</summary>
    public static Process Start(int processes, string program, params string[] arguments)
    {
        var (file, first) = processes == 1 ? ("dotnet", (string[])[]) : (Path!, ["-np", $"{processes}", "dotnet"]);
        return Programs.Start(new(file, [.. first, program, .. arguments]));
    }

    /// <summary>Runs the program of the folder tests/Ranks to its end.</summary>
    public static ProgramRun Run(int processes, params string[] arguments)
    {
        using var process = Start(processes, Ranks, arguments);
        return Programs.End(process, TimeSpan.FromMinutes(2));
    }
}
