namespace ResNetMLNet.Benchmarks;

/// <summary>Measures contestants in turn, A B C A B C, so that a machine whose speed drifts is fair to all, and prints a table.</summary>
internal static class InTurn
{
    public static void Run(IReadOnlyDictionary<string, Func<double>> contestants, int rounds, string unit)
    {
        var results = contestants.Keys.ToDictionary(name => name, _ => new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (name, measure) in contestants)
            {
                results[name].Add(measure());
                Console.Error.WriteLine($"round {round + 1}: {name}: {results[name][^1]:F0} {unit}");
            }
        }

        Console.WriteLine(
            $"| what | {unit}, median | min to max | {string.Join(" | ", contestants.Keys.Select(name => $"ratio to {name}, median"))} |");
        Console.WriteLine($"| --- | --- | --- | {string.Join(" | ", contestants.Keys.Select(_ => "---"))} |");
        foreach (var (name, values) in results)
        {
            // Round by round, because rounds differ more than contestants.
            var ratios = results.Values.Select(others => Median(values.Zip(others, (own, other) => own / other)).ToString("F2"));
            Console.WriteLine($"| {name} | {Median(values):F0} | {values.Min():F0} to {values.Max():F0} | {string.Join(" | ", ratios)} |");
        }
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
