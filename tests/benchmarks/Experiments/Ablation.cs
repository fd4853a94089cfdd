using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Training;

namespace ResNetMLNet.Benchmarks.Experiments;

/// <summary>
/// What an ingredient of the recipe is worth: trains on a part of the training images and scores 5,000 others of them, so that the test
/// images stay unseen.
/// </summary>
internal static class Ablation
{
    private const int HeldOut = 5_000;

    public static Command Create()
    {
        var images = new Option<int>("--images") { DefaultValueFactory = _ => 55_000 };
        var imageSize = new Option<int>("--image-size") { DefaultValueFactory = _ => 32 };
        var epochs = new Option<int>("--epochs") { DefaultValueFactory = _ => 10 };
        var seeds = new Option<int[]>("--seeds") { DefaultValueFactory = _ => [0], AllowMultipleArgumentsPerToken = true };
        var set = new Option<string[]>("--set")
        {
            Description = "Ingredients that differ from the recipe's, as name=value: the properties of TrainingPlan.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
        };
        var recipe = new Option<TrainingRecipe>("--recipe");
        var test = new Option<bool>("--test") { Description = "Train on all 60,000 and score the test images: once per published figure." };
        var flip = new Option<bool>("--flip") { Description = "Score each image and its mirror image." };
        var output = new Option<string?>("--out") { Description = "Keep the model in this file." };
        var depths = FullData.Depths();
        var width = FullData.Width();
        var data = FullData.Option();
        var command = new Command("ablation", "Accuracy on 5,000 held-out training images for a recipe with some of its "
            + "ingredients changed.")
        {
            images, imageSize, epochs, seeds, set, recipe, test, flip, output, depths, width, data,
        };
        command.SetAction(parsed =>
        {
            var changes = parsed.GetValue(set)!;
            var results = new List<double>();
            foreach (var seed in parsed.GetValue(seeds)!)
            {
                var ml = new MLContext(seed);
                var folder = parsed.GetValue(data)!;
                var all = FullData.Load(ml, folder, "train");
                var final = parsed.GetValue(test);
                var validation = final ? FullData.Load(ml, folder, "t10k") : ml.Data.SkipRows(all, 60_000 - HeldOut);
                var watch = Stopwatch.StartNew();
                using var model = ml.MulticlassClassification.Trainers.ResNet(new ResNetTrainer.Options
                {
                    FeatureColumnName = "Pixels",
                    ImageSize = parsed.GetValue(imageSize),
                    Architecture = FullData.Architecture(parsed.GetValue(depths)!) with { Width = parsed.GetValue(width) },
                    TestTimeFlip = parsed.GetValue(flip),
                    NumberOfEpochs = parsed.GetValue(epochs),
                    Recipe = parsed.GetValue(recipe),
                    Ablation = plan => Change(plan, changes),
                    EpochCallback = epoch => Console.Error.WriteLine(
                        $"{epoch.Epoch}: loss {epoch.TrainLoss:F4} accuracy {epoch.TrainAccuracy:F4} {epoch.ImagesPerSecond:F0} images/s"),
                }).Fit(final ? all : ml.Data.TakeRows(all, parsed.GetValue(images)));
                var seconds = watch.Elapsed.TotalSeconds;
                if (parsed.GetValue(output) is { } file)
                {
                    ml.Model.Save(model, all.Schema, file);
                }

                var accuracy = ml.MulticlassClassification.Evaluate(model.Transform(validation)).MicroAccuracy;
                results.Add(accuracy);
                Console.WriteLine(
                    $"seed {seed}: {(final ? "test" : "held-out")} accuracy {accuracy:F4}, {seconds:F0} s, processor "
                    + $"{Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds:F0} s; {Line(parsed)}");
            }

            Console.WriteLine(
                $"mean {results.Average():F4} "
                + $"({string.Join(", ", results.Select(result => result.ToString("F4", CultureInfo.InvariantCulture)))}); {Line(parsed)}");
        });
        return command;
    }

    private static string Line(ParseResult parsed) => string.Join(' ', parsed.Tokens.Select(token => token.Value));

    private static TrainingPlan Change(TrainingPlan plan, string[] changes)
    {
        foreach (var change in changes)
        {
            var (name, text) = change.Split('=') is [var left, var right] ? (left, right)
                : throw new ArgumentException($"'{change}' is not name=value.");
            var property = typeof(TrainingPlan).GetProperty(name) ?? throw new ArgumentException($"TrainingPlan has no '{name}'.");
            var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            plan = plan with { };
            property.SetValue(plan, type.IsEnum ? Enum.Parse(type, text) : Convert.ChangeType(text, type, CultureInfo.InvariantCulture));
        }

        return plan;
    }
}
