using System.Diagnostics;
using System.Globalization;

namespace ResNetMLNet.Fuzz;

/// <summary>A run in a process of its own, which a crash may end and whose memory is limited.</summary>
internal static class FuzzProcess
{
    private const long MostManagedBytes = 1 << 30;

    /// <exception cref="FuzzException">A file was read as it should not; the message says which and how to read it again.</exception>
    public static FuzzResult Run(string target, int first, int count, int seed)
    {
        var program = typeof(FuzzProcess).Assembly.Location;
        string[] arguments = [program, target, Text(first), Text(count), Text(seed)];
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_GCHeapHardLimit"] = MostManagedBytes.ToString("x", CultureInfo.InvariantCulture);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        return process.ExitCode == 0
            ? Parse(target, lines[^1])
            : throw new FuzzException(
                $"{errors.Result}{target}: status {process.ExitCode} after {lines.LastOrDefault() ?? "nothing"}. "
                + $"Again: dotnet {string.Join(' ', arguments)}");
    }

    /// <summary>The child's side: numbers as it goes, then the result.</summary>
    public static int Main(string[] arguments)
    {
        if (arguments is not [var name, var first, var count, var seed])
        {
            Console.Error.WriteLine($"Arguments: TARGET FIRST COUNT SEED. Targets: {string.Join(", ", FuzzTargets.Names)}");
            return 2;
        }

        try
        {
            var run = new FuzzRun(FuzzTargets.Create(name), Number(seed));
            var result = run.Run(Number(first), Number(count), number => Console.WriteLine($"file {number}"));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{result.Files} {result.Refused} {result.SlowestMilliseconds:F1} {result.MostBytes}"));
            return 0;
        }
        catch (FuzzException e)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }

    private static FuzzResult Parse(string target, string line)
    {
        var numbers = line.Split(' ');
        var slowest = double.Parse(numbers[2], CultureInfo.InvariantCulture);
        return new(target, Number(numbers[0]), Number(numbers[1]), slowest, long.Parse(numbers[3], CultureInfo.InvariantCulture));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
