using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>One <c>Fit</c> in a process of its own, so that its peak memory is its own; what came of it as JSON.</summary>
internal sealed record FitRun(
    int Images, int ImageSize, string Precision, double[] ImagesPerSecond, double TestAccuracy, double Seconds,
    long PeakMemoryBytes, long[] MemoryBytes)
{
    public static Command Create()
    {
        var images = new Option<int>("--images") { DefaultValueFactory = _ => 10_000 };
        var imageSize = new Option<int>("--image-size") { DefaultValueFactory = _ => 96 };
        var epochs = new Option<int>("--epochs") { DefaultValueFactory = _ => 2 };
        var batchSize = new Option<int?>("--batch-size");
        var learningRate = new Option<double?>("--learning-rate");
        var precision = new Option<ComputePrecision>("--precision");
        var recipe = new Option<TrainingRecipe>("--recipe");
        var seed = new Option<int>("--seed");
        var tests = new Option<int>("--test-images") { DefaultValueFactory = _ => 0 };
        var data = new Option<string>("--data") { DefaultValueFactory = _ => Path.Combine(AppContext.BaseDirectory, "data") };
        var threads = new Option<int?>("--threads");
        var budget = new Option<long?>("--memory-budget") { Description = "MemoryBudget in bytes; 0 streams the images." };
        var compression = new Option<GradientCompression>("--gradient-compression");
        var command = new Command("fit", "One Fit on Fashion-MNIST; prints JSON.")
        {
            images, imageSize, epochs, batchSize, learningRate, precision, recipe, seed, tests, budget, data, threads, compression,
        };
        command.SetAction(parsed =>
        {
            var ml = new MLContext(parsed.GetValue(seed));
            var count = parsed.GetValue(tests);
            var memory = new List<long>();
            var options = new ResNetTrainer.Options
            {
                FeatureColumnName = "Pixels",
                Architecture = ResNetArchitecture.BookResNet18,
                ImageSize = parsed.GetValue(imageSize),
                NumberOfEpochs = parsed.GetValue(epochs),
                BatchSize = parsed.GetValue(batchSize),
                LearningRate = parsed.GetValue(learningRate),
                Precision = parsed.GetValue(precision),
                Recipe = parsed.GetValue(recipe),
                Threads = parsed.GetValue(threads),
                MemoryBudget = parsed.GetValue(budget),
                GradientCompression = parsed.GetValue(compression),
                EpochCallback = _ => memory.Add(Process.GetCurrentProcess().WorkingSet64),
            };
            var folder = parsed.GetValue(data)!;
            var watch = Stopwatch.StartNew();
            using var model = ml.MulticlassClassification.Trainers.ResNet(options)
                .Fit(ml.Data.TakeRows(FullData.Load(ml, folder, "train"), parsed.GetValue(images)));
            var seconds = watch.Elapsed.TotalSeconds;
            var peak = Process.GetCurrentProcess().PeakWorkingSet64;
            var accuracy = count == 0
                ? double.NaN
                : ml.MulticlassClassification.Evaluate(
                    model.Transform(ml.Data.TakeRows(FullData.Load(ml, folder, "t10k"), count))).MicroAccuracy;
            var run = new FitRun(
                parsed.GetValue(images), options.ImageSize.Value, model.Model.Training.Precision,
                [.. model.Model.History.Select(epoch => epoch.ImagesPerSecond)], accuracy, seconds, peak, [.. memory]);
            Console.WriteLine(JsonSerializer.Serialize(run, Json));
        });
        return command;
    }

    /// <summary>Starts this program anew for one Fit.</summary>
    public static FitRun Start(params (string Option, object Value)[] arguments) => Start([], arguments);

    /// <summary>Starts this program anew for one Fit, by another one: mpirun, of whose processes the first to speak is heard.</summary>
    public static FitRun Start(string[] launcher, params (string Option, object Value)[] arguments)
    {
        string[] command =
        [
            .. launcher, .. ThisProgram.Command, "fit",
            .. arguments.SelectMany(pair => (string[])[pair.Option, Convert.ToString(pair.Value, CultureInfo.InvariantCulture)!]),
        ];
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
        var json = process.StandardOutput.ReadLine()!;
        process.StandardOutput.ReadToEnd();
        return JsonSerializer.Deserialize<FitRun>(json, Json)!;
    }

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };
}
