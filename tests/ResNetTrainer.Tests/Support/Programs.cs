using System.Diagnostics;

namespace ResNetMLNet.Tests.Support;

/// <summary>Programs in processes of their own, whose output is read.</summary>
internal static class Programs
{
    /// <summary>The program of another project of this repository, built as this test is.</summary>
    /// <param name="folder">Where the projects of its kind are: tests, samples.</param>
    /// <param name="name">The project.</param>
    public static string PathOf(string folder, string name) => Path.Combine(
        AppContext.BaseDirectory.Replace(Path.Combine("tests", "ResNetTrainer.Tests"), Path.Combine(folder, name)), $"{name}.dll");

    public static Process Start(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        return Process.Start(start)!;
    }

    /// <summary>Runs one to its end.</summary>
    public static ProgramRun Run(ProcessStartInfo start)
    {
        using var process = Start(start);
        return End(process);
    }

    /// <summary>Waits for the end of one that was started here.</summary>
    /// <param name="process">The program.</param>
    /// <param name="longest">What takes longer hangs. Default: 10 minutes.</param>
    public static ProgramRun End(Process process, TimeSpan? longest = null)
    {
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(longest ?? TimeSpan.FromMinutes(10)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"It hangs: {output.Result}{error.Result}");
        }

        return new(process.ExitCode, output.Result, error.Result);
    }
}

/// <summary>What a run of a program came to.</summary>
internal sealed record ProgramRun(int Status, string Output, string Error)
{
    public string[] OutputLines => Output.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public string[] ErrorLines => Error.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>It did what it was to do.</summary>
    /// <returns>What it wrote.</returns>
    public string Succeeded()
    {
        Assert.AreEqual(0, Status, Output + Error);
        return Output;
    }

    /// <summary>It failed, and said so in one line that has these words and no stack trace.</summary>
    public void AssertFailed(params string[] words)
    {
        Assert.AreEqual(1, Status, Output + Error);
        Assert.HasCount(1, ErrorLines, Error);
        Assert.DoesNotContain("   at ", Error);
        foreach (var word in words)
        {
            StringAssert.Contains(Error, word);
        }
    }
}
