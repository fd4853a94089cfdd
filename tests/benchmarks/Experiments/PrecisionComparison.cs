using System.CommandLine;
using ResNetMLNet.Benchmarks.Measurements;

namespace ResNetMLNet.Benchmarks.Experiments;

/// <summary>Whether bfloat16 costs accuracy: pairs of trainings with the same seed that differ in nothing else.</summary>
internal static class PrecisionComparison
{
    // Student's t for 95% and four degrees of freedom; the number of seeds is fixed with it.
    private const double T = 2.776;
    private const int Seeds = 5;

    public static Command Create()
    {
        var images = new Option<int>("--images") { DefaultValueFactory = _ => 10_000 };
        var imageSize = new Option<int>("--image-size") { DefaultValueFactory = _ => 32 };
        var epochs = new Option<int>("--epochs") { DefaultValueFactory = _ => 4 };
        var command = new Command("precision", "Test accuracy in float32 and bfloat16, five paired seeds.") { images, imageSize, epochs };
        command.SetAction(parsed =>
        {
            Console.WriteLine("| seed | float32 | bfloat16 | difference | speed ratio |");
            Console.WriteLine("| --- | --- | --- | --- | --- |");
            var differences = new List<double>();
            for (var seed = 0; seed < Seeds; seed++)
            {
                var runs = ((ComputePrecision[])[ComputePrecision.Float32, ComputePrecision.BFloat16]).Select(precision => FitRun.Start(
                    ("--images", parsed.GetValue(images)),
                    ("--image-size", parsed.GetValue(imageSize)),
                    ("--epochs", parsed.GetValue(epochs)),
                    ("--precision", precision),
                    ("--seed", seed),
                    ("--test-images", 2000))).ToArray();
                differences.Add(runs[1].TestAccuracy - runs[0].TestAccuracy);
                Console.WriteLine(
                    $"| {seed} | {runs[0].TestAccuracy:F4} | {runs[1].TestAccuracy:F4} | {differences[^1]:F4} | "
                    + $"{runs[1].ImagesPerSecond[^1] / runs[0].ImagesPerSecond[^1]:F2} |");
            }

            var mean = differences.Average();
            var deviation = Math.Sqrt(differences.Sum(difference => Math.Pow(difference - mean, 2)) / (Seeds - 1));
            var half = T * deviation / Math.Sqrt(Seeds);
            Console.WriteLine($"\nmean difference {mean:F4}, 95% confidence interval {mean - half:F4} to {mean + half:F4}");
        });
        return command;
    }
}
