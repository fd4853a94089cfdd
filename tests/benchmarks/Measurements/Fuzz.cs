using System.CommandLine;
using ResNetMLNet.Fuzz;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>Every reader of the library over damaged files, as many as are asked for; the suite reads a few thousand.</summary>
internal static class Fuzz
{
    public static Command Create()
    {
        var files = new Option<int>("--files") { Description = "Damaged files in all.", DefaultValueFactory = _ => 500_000 };
        var seed = new Option<int>("--seed") { DefaultValueFactory = _ => 1 };
        var target = new Option<string[]>("--target")
        {
            Description = "Readers; all of them if none is named.",
            DefaultValueFactory = _ => [.. FuzzTargets.Names],
        };
        var command = new Command("fuzz", "Damaged files: each must be read or refused, soon, in little memory.") { files, seed, target };
        command.SetAction(parsed =>
        {
            var names = parsed.GetValue(target)!;
            var (share, failed) = ((parsed.GetValue(files) + names.Length - 1) / names.Length, 0);
            Console.WriteLine("| reader | files | refused | slowest, ms | most memory, MB |");
            Console.WriteLine("| --- | --- | --- | --- | --- |");
            foreach (var name in names)
            {
                try
                {
                    var result = FuzzProcess.Run(name, first: 0, share, parsed.GetValue(seed));
                    var costs = $"{result.SlowestMilliseconds:F1} | {result.MostBytes / 1e6:F1}";
                    Console.WriteLine($"| {name} | {result.Files:N0} | {result.Refused:N0} | {costs} |");
                }
                catch (FuzzException e)
                {
                    Console.Error.WriteLine(e.Message);
                    failed++;
                }
            }

            return failed == 0 ? 0 : 1;
        });
        return command;
    }
}
