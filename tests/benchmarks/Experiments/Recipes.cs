using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Benchmarks.Experiments;

/// <summary>
/// Recipes against each other and against LightGBM on raw pixels, in turn: time of <c>Fit</c> and accuracy on the test images.
/// Decisions are made with the command ablation, on images that are held out.
/// </summary>
internal static class Recipes
{
    public static Command Create()
    {
        var images = new Option<int>("--images") { DefaultValueFactory = _ => 60_000 };
        var imageSize = new Option<int>("--image-size") { DefaultValueFactory = _ => 28 };
        var fast = new Option<int>("--fast-epochs") { Description = "Epochs of Fast; 0 to leave it out.", DefaultValueFactory = _ => 1 };
        var book = new Option<int>("--book-epochs") { Description = "Epochs of Book; 0 to leave it out.", DefaultValueFactory = _ => 0 };
        var lightGbm = new Option<bool>("--lightgbm") { Description = "LightGBM on the raw pixels too." };
        var flip = new Option<bool>("--flip") { Description = "TestTimeAugmentation.Flip." };
        var seeds = new Option<int[]>("--seeds") { DefaultValueFactory = _ => [0], AllowMultipleArgumentsPerToken = true };
        var photographs = new Option<string?>("--photographs")
        {
            Description = "A folder of photographs (Debian's package mate-backgrounds has /usr/share/backgrounds/mate/nature): "
                + "images in colour composed with them, not Fashion-MNIST itself.",
        };
        var network = new NetworkOptions();
        var ingredients = new Ingredients();
        var data = FullData.Option();
        var command = new Command(
            "recipes", "Fast, Book and LightGBM in turn: seconds of Fit and test accuracy. Ingredients are Fast's.") { images, imageSize,
            fast, book, lightGbm, flip, seeds, photographs, data };
        network.AddTo(command);
        ingredients.AddTo(command);
        command.SetAction(parsed =>
        {
            var results = new Dictionary<string, List<(double Seconds, double Accuracy)>>();
            foreach (var seed in parsed.GetValue(seeds)!)
            {
                var ml = new MLContext(seed);
                var train = ml.Data.TakeRows(FullData.Load(ml, parsed.GetValue(data)!, "train"), parsed.GetValue(images));
                var test = FullData.Load(ml, parsed.GetValue(data)!, "t10k");
                if (parsed.GetValue(photographs) is { } folder)
                {
                    // Every second photograph is kept for the test.
                    var files = Directory.GetFiles(folder).Order(StringComparer.Ordinal).ToArray();
                    train = ComposedImages.Create(ml, train, files.Where((_, index) =>
                        index % 2 == 0), parsed.GetValue(images), parsed.GetValue(imageSize));
                    test = ComposedImages.Create(ml, test, files.Where((_, index) =>
                        index % 2 == 1), count: 5_000, parsed.GetValue(imageSize));
                }

                foreach (var (name, trainer) in Contestants())
                {
                    var watch = Stopwatch.StartNew();
                    var model = trainer.Fit(train);
                    var seconds = watch.Elapsed.TotalSeconds;
                    var accuracy = ml.MulticlassClassification.Evaluate(model.Transform(test)).MicroAccuracy;
                    (model as IDisposable)?.Dispose();
                    Console.Error.WriteLine($"seed {seed}: {name}: {accuracy:F4} after {seconds:F1} s");
                    results.TryAdd(name, []);
                    results[name].Add((seconds, accuracy));
                }

                IEnumerable<(string, IEstimator<ITransformer>)> Contestants()
                {
                    if (parsed.GetValue(lightGbm))
                    {
                        yield return ("LightGBM", Flatten(ml).Append(ml.MulticlassClassification.Trainers.LightGbm()));
                    }

                    foreach (var (recipe, epochs) in (
                        IEnumerable<(TrainingRecipe, int)>)[(
                            TrainingRecipe.Fast, parsed.GetValue(fast)), (TrainingRecipe.Book, parsed.GetValue(book))])
                    {
                        if (epochs > 0)
                        {
                            var options = new ResNetTrainer.Options
                            {
                                FeatureColumnName = "Pixels",
                                ImageSize = parsed.GetValue(imageSize),
                                NumberOfEpochs = epochs,
                                Recipe = recipe,
                                Architecture = network.Get(parsed),
                            };
                            if (recipe == TrainingRecipe.Fast)
                            {
                                options.TestTimeAugmentation = parsed.GetValue(flip)
                                    ? TestTimeAugmentation.Flip
                                    : TestTimeAugmentation.None;
                                ingredients.Apply(options, parsed);
                            }

                            yield return (
                                $"{recipe}, {parsed.GetValue(imageSize)} pixels, {epochs} epochs",
                                ml.MulticlassClassification.Trainers.ResNet(options));
                        }
                    }
                }
            }

            Console.WriteLine("| what | Fit, s, median | test accuracy, mean | standard deviation | each |");
            Console.WriteLine("| --- | --- | --- | --- | --- |");
            foreach (var (name, runs) in results)
            {
                var accuracies = runs.Select(run => run.Accuracy).ToArray();
                var (mean, count) = (accuracies.Average(), accuracies.Length);
                var deviation = count > 1
                    ? Math.Sqrt(accuracies.Sum(value =>
                        (value - mean) * (value - mean)) / (count - 1)).ToString("F4", CultureInfo.InvariantCulture) : "";
                Console.WriteLine(
                    $"| {name} | {InTurn.Median(runs.Select(run => run.Seconds)):F1} | {mean:F4} | {deviation} | "
                    + $"{string.Join(", ", accuracies.Select(value => value.ToString("F4", CultureInfo.InvariantCulture)))} |");
            }
        });
        return command;
    }

    private static IEstimator<ITransformer> Flatten(MLContext ml) =>
        ml.Transforms.Conversion.ConvertType("Single", "Pixels", DataKind.Single).Append(ml.Transforms.Concatenate("Features", "Single"));
}
