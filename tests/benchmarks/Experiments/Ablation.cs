using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;

namespace ResNetMLNet.Benchmarks.Experiments;

/// <summary>
/// What an ingredient of the recipe is worth: trains on a part of the training images and scores others of them, the last ones, so that the
/// test images stay unseen.
/// </summary>
internal static class Ablation
{
    public static Command Create()
    {
        var images = new Option<int?>("--images") { Description = "Training images. Default: all that are not held out." };
        var heldOut = new Option<int>("--held-out")
        {
            Description = "The training images, the last ones, that are scored (2000 for the 10,000 that ship).",
            DefaultValueFactory = _ => 5_000,
        };
        var imageSize = new Option<int>("--image-size") { DefaultValueFactory = _ => 32 };
        var epochs = new Option<int>("--epochs") { DefaultValueFactory = _ => 10 };
        var seeds = new Option<int[]>("--seeds") { DefaultValueFactory = _ => [0], AllowMultipleArgumentsPerToken = true };
        var recipe = new Option<TrainingRecipe>("--recipe");
        var precision = new Option<ComputePrecision>("--precision");
        var threads = new Option<int?>("--threads");
        var test = new Option<bool>("--test") { Description = "Hold nothing out and score the test images: once per published figure." };
        var flip = new Option<bool>("--flip") { Description = "Score each image and its mirror image." };
        var views = new Option<TestTimeAugmentation>("--views") { Description = "Score more views: FlipAndShift." };
        var output = new Option<string?>("--out") { Description = "Keep the model in this file." };
        var checkpoint = new Option<string?>("--checkpoint")
        {
            Description = "Write checkpoints into this folder, one for each seed, and go on from those that are there.",
        };
        var start = new Option<string?>("--start-from") { Description = "Train this model further." };
        var network = new NetworkOptions();
        var ingredients = new Ingredients();
        var data = FullData.Option();
        var command = new Command("ablation", "Accuracy on held-out training images for a recipe with some of its ingredients changed.")
        {
            images, heldOut, imageSize, epochs, seeds, recipe, precision, threads, test, flip, views, output, checkpoint, start,
            data,
        };
        network.AddTo(command);
        ingredients.AddTo(command);
        command.SetAction(parsed =>
        {
            var results = new List<double>();
            foreach (var seed in parsed.GetValue(seeds)!)
            {
                var ml = new MLContext(seed);
                var folder = parsed.GetValue(data)!;
                var all = FullData.Load(ml, folder, "train");
                var final = parsed.GetValue(test);
                var rest = (int)all.GetRowCount()! - (final ? 0 : parsed.GetValue(heldOut));
                var scored = final ? FullData.Load(ml, folder, "t10k") : ml.Data.SkipRows(all, rest);
                var speeds = new List<double>();
                var earlier = parsed.GetValue(start) is { } model ? ml.Model.Load(model, out _) : null;
                var options = new ResNetTrainer.Options
                {
                    FeatureColumnName = "Pixels",
                    ImageSize = parsed.GetValue(imageSize),
                    Architecture = earlier is null ? network.Get(parsed) : null,
                    StartFrom = earlier,
                    TestTimeAugmentation = parsed.GetValue(flip) ? TestTimeAugmentation.Flip : parsed.GetValue(views),
                    NumberOfEpochs = parsed.GetValue(epochs),
                    Recipe = parsed.GetValue(recipe),
                    Precision = parsed.GetValue(precision),
                    Threads = parsed.GetValue(threads),
                    Checkpoints = parsed.GetValue(checkpoint) is { } place
                        ? new() { Directory = Path.Combine(place, $"seed-{seed}"), Minutes = 5, Resume = true }
                        : null,
                    EpochCallback = epoch =>
                    {
                        speeds.Add(epoch.ImagesPerSecond);
                        Console.Error.WriteLine($"{epoch.Epoch}: loss {epoch.TrainLoss:F4} accuracy {epoch.TrainAccuracy:F4} "
                            + $"{epoch.ImagesPerSecond:F0} images/s");
                    },
                };
                ingredients.Apply(options, parsed);
                var watch = Stopwatch.StartNew();
                using var trained = ml.MulticlassClassification.Trainers.ResNet(options)
                    .Fit(ml.Data.TakeRows(all, Math.Min(rest, parsed.GetValue(images) ?? rest)));
                var seconds = watch.Elapsed.TotalSeconds;
                if (parsed.GetValue(output) is { } file)
                {
                    ml.Model.Save(trained, all.Schema, file);
                }

                var accuracy = ml.MulticlassClassification.Evaluate(trained.Transform(scored)).MicroAccuracy;
                results.Add(accuracy);
                Console.WriteLine(
                    $"seed {seed}: {(final ? "test" : "held-out")} accuracy {accuracy:F4}, "
                    + $"training {trained.Model.History[^1].TrainAccuracy:F4}, {seconds:F0} s, "
                    + $"{(speeds.Count > 0 ? InTurn.Median(speeds) : 0):F0} images/s, processor "
                    + $"{Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds:F0} s; {Line(parsed)}");
            }

            Console.WriteLine(
                $"mean {results.Average():F4} "
                + $"({string.Join(", ", results.Select(result => result.ToString("F4", CultureInfo.InvariantCulture)))}); {Line(parsed)}");
        });
        return command;
    }

    private static string Line(ParseResult parsed) => string.Join(' ', parsed.Tokens.Select(token => token.Value));
}
