using System.Diagnostics;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Samples;

/// <summary>A program of the folder samples, in a process of its own.</summary>
internal static class SampleProgram
{
    public static Process Start(string name, string folder, params string[] arguments) =>
        Programs.Start(new("dotnet", [Programs.PathOf("samples", name), .. arguments]) { WorkingDirectory = folder });

    /// <summary>Runs one to its end.</summary>
    public static ProgramRun Run(string name, string folder, params string[] arguments)
    {
        using var process = Start(name, folder, arguments);
        return Programs.End(process);
    }
}
