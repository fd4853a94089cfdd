using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Benchmarks.Experiments;

/// <summary>Few images a class: from ImageNet's weights against from scratch, on photographs or on Fashion-MNIST.</summary>
internal static class Transfer
{
    public static Command Create()
    {
        var perClass = new Option<int[]>("--per-class") { AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [5, 20, 100] };
        var seeds = new Option<int[]>("--seeds") { AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [0] };
        var testImages = new Option<int>("--test-images") { DefaultValueFactory = _ => 1_000 };
        var photographs = new Option<string[]>("--photographs")
        {
            AllowMultipleArgumentsPerToken = true,
            Description = "Files of photographs, each a class (Debian's packages mate-backgrounds and lomiri-wallpapers-16.04 have some). "
                + "Without: Fashion-MNIST.",
            DefaultValueFactory = _ => [],
        };
        var folder = new Option<string?>("--folder")
        {
            Description = "A folder of images with one sub-folder a class, of which each seed draws others.",
        };
        var testFolder = new Option<string?>("--test-folder")
        {
            Description = "Such a folder to test on; without: what is not trained on of --folder.",
        };
        var heldOut = new Option<bool>("--held-out") { Description = "Score training images that are held out: for decisions." };
        var ways = new Option<string[]>("--ways")
        {
            AllowMultipleArgumentsPerToken = true,
            Description = "Trainings, each of comma-separated settings: "
                + "scratch, size=N, mode=stretch, centercrop or pad, epochs=N, rate=X, body=X, frozen=N, batch=N, noflip, "
                + "changes=Flip+Shift (say), crops=X, statistics=0 or 1, unit=0 or 1, smoothing=X, decay=X, average=X, best; "
                + "again=N trains a model on N images a class first and goes on from that; probed goes on from a model whose linear layer "
                + "alone was trained.",
            DefaultValueFactory = _ => ["scratch,size=96", "size=96", "size=96,frozen=4"],
        };
        var data = FullData.Option();
        var command = new Command("transfer", "Accuracy and seconds of Fit with few images a class, pretrained and from scratch.")
        {
            perClass, seeds, testImages, photographs, folder, testFolder, heldOut, ways, data,
        };
        command.SetAction(parsed =>
        {
            Console.WriteLine("| images a class | way | accuracy, by seed | mean | s, median |");
            Console.WriteLine("| --- | --- | --- | --- | --- |");
            var all = parsed.GetValue(seeds)!;
            foreach (var count in parsed.GetValue(perClass)!)
            {
                foreach (var way in parsed.GetValue(ways)!)
                {
                    var runs = all.Select(seed =>
                    {
                        var size = Setting(way, "size") is { } pixels ? (int)pixels : 96;
                        var (ml, test) = (new MLContext(seed), parsed.GetValue(testImages));
                        var (train, scored) = Images(count);
                        using var start = Setting(way, "again") is { } first ? Train(ml, $"size={size}", Images((int)first).Train)
                            : Has(way, "probed") ? Train(ml, $"size={size},frozen=4", train) : null;
                        return Run(ml, way, train, scored, start);

                        (IDataView Train, IDataView Test) Images(int perClass) =>
                            parsed.GetValue(folder) is { } own
                                ? new FolderImages(ml, own, parsed.GetValue(testFolder)).Draw(perClass, test, seed)
                            : parsed.GetValue(photographs) is [_, ..] files ? Photographs(ml, files, (perClass, test), size)
                            : Garments(ml, parsed.GetValue(data)!, (perClass, test), parsed.GetValue(heldOut));
                    }).ToArray();
                    var accuracies = runs.Select(run => run.Accuracy).ToArray();
                    var texts = string.Join(", ", accuracies.Select(accuracy => accuracy.ToString("F4", CultureInfo.InvariantCulture)));
                    Console.WriteLine(
                        $"| {count} | {way} | {texts} | {accuracies.Average():F4} | {InTurn.Median(runs.Select(run => run.Seconds)):F1} |");
                }
            }
        });
        return command;
    }

    private static (double Accuracy, double Seconds) Run(
        MLContext ml, string way, IDataView train, IDataView test, ResNetTransformer? start)
    {
        var watch = Stopwatch.StartNew();
        using var model = Train(ml, way, train, start);
        var seconds = watch.Elapsed.TotalSeconds;
        return (ml.MulticlassClassification.Evaluate(model.Transform(test)).MicroAccuracy, seconds);
    }

    private static ResNetTransformer Train(MLContext ml, string way, IDataView images, ResNetTransformer? start = null) =>
        ml.MulticlassClassification.Trainers.ResNet(new ResNetTrainer.Options
        {
            FeatureColumnName = images.Schema.GetColumnOrNull(FolderImages.Column) is null ? "Pixels" : FolderImages.Column,
            ImageSize = (int?)Setting(way, "size") ?? 96,
            ResizeMode = Text(way, "mode") is { } mode ? Enum.Parse<ResizeMode>(mode, ignoreCase: true) : ResizeMode.Stretch,
            Recipe = Has(way, "best") ? TrainingRecipe.Best : TrainingRecipe.Fast,
            NumberOfEpochs = (int?)Setting(way, "epochs"),
            LearningRate = Setting(way, "rate"),
            BodyLearningRateMultiplier = Setting(way, "body"),
            FrozenStages = (int?)Setting(way, "frozen"),
            BatchSize = (int?)Setting(way, "batch"),
            Ablation = plan => plan with
            {
                FrozenStatistics = Setting(way, "statistics") is { } frozen ? frozen == 1 : plan.FrozenStatistics,
                UnitFeatures = Setting(way, "unit") is { } unit ? unit == 1 : plan.UnitFeatures,
                LabelSmoothing = Setting(way, "smoothing") ?? plan.LabelSmoothing,
                WeightDecay = Setting(way, "decay") ?? plan.WeightDecay,
                AveragingDecay = Setting(way, "average") ?? plan.AveragingDecay,
            },
            Augmentation = Has(way, "noflip") ? Augmentation.None
                : Text(way, "changes") is { } changes ? Enum.Parse<Augmentation>(changes.Replace('+', ','))
                : Setting(way, "crops") is not null ? Augmentation.Flip | Augmentation.RandomResizedCrop
                : null,
            SmallestCrop = Setting(way, "crops"),
            InitialWeights = start is null && !Has(way, "scratch") ? PretrainedWeights.ImageNet : null,
            StartFrom = start,
        }).Fit(images);

    private static (IDataView Train, IDataView Test) Photographs(MLContext ml, string[] files, (int PerClass, int Test) count, int size)
    {
        using var crops = new PhotographCrops(ml, files);
        return (crops.Create(count.PerClass, size, test: false, seed: 1),
            crops.Create(Math.Max(1, count.Test / crops.Classes), size, test: true, seed: 2));
    }

    // The first images of each class; the test images, or training images behind those.
    private static (IDataView Train, IDataView Test) Garments(MLContext ml, string folder, (int PerClass, int Test) count, bool heldOut)
    {
        const int classes = 10;
        var all = FullData.Load(ml, folder, "train");
        var labels = all.GetColumn<uint>("Label").ToArray();
        var seen = new int[classes + 1];
        var chosen = labels.Select((label, row) => (label, row)).Where(pair => seen[pair.label]++ < count.PerClass)
            .Select(pair => pair.row);
        var train = ChosenRows.Of<Garment>(ml, all, chosen);
        var test = heldOut ? ml.Data.SkipRows(all, 60_000 - count.Test) : ml.Data.TakeRows(FullData.Load(ml, folder, "t10k"), count.Test);
        return (train, test);
    }

    private static bool Has(string way, string name) => way.Split(',').Contains(name);

    private static string? Text(string way, string name) =>
        way.Split(',').FirstOrDefault(part => part.StartsWith($"{name}=", StringComparison.Ordinal))?[(name.Length + 1)..];

    private static double? Setting(string way, string name) =>
        Text(way, name) is { } setting ? double.Parse(setting, CultureInfo.InvariantCulture) : null;

    private sealed class Garment : ChosenRows.ILabelled
    {
        public byte[] Pixels { get; set; } = [];

        public uint Label { get; set; }
    }
}
