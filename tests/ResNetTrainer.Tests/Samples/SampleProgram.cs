using System.Diagnostics;

namespace ResNetMLNet.Tests.Samples;

/// <summary>A program of the folder samples, in a process of its own.</summary>
internal static class SampleProgram
{
    public static Process Start(string name, string folder, params string[] arguments)
    {
        // The same configuration and framework as this test's.
        var built = AppContext.BaseDirectory.Replace(Path.Combine("tests", "ResNetTrainer.Tests"), Path.Combine("samples", name));
        return Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(built, $"{name}.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        })!;
    }

    /// <summary>Runs one to its end.</summary>
    public static (int Status, string Output, string Error) Run(string name, string folder, params string[] arguments)
    {
        using var process = Start(name, folder, arguments);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
