using System.Diagnostics;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace ResNetMLNet.Tests.Distributed;

/// <summary>Programs in several processes that MPI starts.</summary>
internal static class Mpirun
{
    private static readonly string[] _names = ["mpirun.mpich", "mpirun.hydra", "mpiexec.hydra"];

    private static string? Path => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator)
        .SelectMany(folder => _names.Select(name => System.IO.Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);

    /// <summary>The program of the folder tests/Ranks.</summary>
    public static string Ranks => System.IO.Path.Combine(AppContext.BaseDirectory.Replace("ResNetTrainer.Tests", "Ranks"), "Ranks.dll");

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
        return Process.Start(new ProcessStartInfo(file, [.. first, program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    /// <summary>Runs the program of the folder tests/Ranks to its end.</summary>
    public static (int Status, string Output, string Error) Run(int processes, params string[] arguments)
    {
        using var process = Start(processes, Ranks, arguments);
        return End(process);
    }

    public static (int Status, string Output, string Error) End(Process process)
    {
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(2)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"The processes hang: {output.Result}{error.Result}");
        }

        return (process.ExitCode, output.Result, error.Result);
    }
}
