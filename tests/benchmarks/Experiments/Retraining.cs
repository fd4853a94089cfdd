using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;

namespace ResNetMLNet.Benchmarks.Experiments;

/// <summary>From eight classes of Fashion-MNIST to all ten: going on from the model of the eight against training from scratch.</summary>
internal static class Retraining
{
    private const int ClassesBefore = 8;

    public static Command Create()
    {
        var imageSize = new Option<int>("--image-size") { DefaultValueFactory = _ => 28 };
        var epochs = new Option<int>("--epochs") { Description = "Epochs from scratch.", DefaultValueFactory = _ => 6 };
        var more = new Option<int>("--more-epochs")
        {
            Description = "Epochs from the model of eight classes.",
            DefaultValueFactory = _ => 2
        };
        var rates = new Option<double[]>("--learning-rates")
        {
            Description = "Learning rates of the retraining; 0 for the recipe's.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [0],
        };
        var seed = new Option<int>("--seed");
        var validation = new Option<bool>("--held-out")
        { Description = "Score 5,000 training images that are held out, not the test images: for decisions." };
        var network = new NetworkOptions();
        var data = FullData.Option();
        var command = new Command(
            "retrain", "Retraining with two new classes against training from scratch.") { imageSize, epochs, more, rates, seed,
            validation, data };
        network.AddTo(command);
        command.SetAction(parsed =>
        {
            var ml = new MLContext(parsed.GetValue(seed));
            var (all, test) = (FullData.Load(ml, parsed.GetValue(data)!, "train"), FullData.Load(ml, parsed.GetValue(data)!, "t10k"));
            if (parsed.GetValue(validation))
            {
                (all, test) = (ml.Data.TakeRows(all, 55_000), ml.Data.SkipRows(all, 55_000));
            }

            ResNetTransformer Fit(string name, IDataView images, int epochs, ITransformer? start = null, double rate = 0)
            {
                var watch = Stopwatch.StartNew();
                var model = ml.MulticlassClassification.Trainers.ResNet(new ResNetTrainer.Options
                {
                    FeatureColumnName = "Pixels",
                    ImageSize = parsed.GetValue(imageSize),
                    NumberOfEpochs = epochs,
                    Architecture = network.Get(parsed),
                    StartFrom = start,
                    LearningRate = rate == 0 ? null : rate,
                }).Fit(images);
                var seconds = watch.Elapsed.TotalSeconds;
                var metrics = ml.MulticlassClassification.Evaluate(model.Transform(start is null && images != all ? Eight(ml, test)
                    : test));
                Console.WriteLine(
                    $"| {name} | {epochs} | {model.Model.Training.LearningRate:G3} | {seconds:F0} | {metrics.MicroAccuracy:F4} | "
                    + $"{string.Join(", ", metrics.ConfusionMatrix.PerClassRecall.Skip(ClassesBefore).Select(
                    recall => recall.ToString("F3")))} |");
                return model;
            }

            Console.WriteLine("| training | epochs | learning rate | s | accuracy | accuracy in the two new classes |");
            Console.WriteLine("| --- | --- | --- | --- | --- | --- |");
            using var eight = Fit("eight classes", Eight(ml, all), parsed.GetValue(epochs));
            foreach (var rate in parsed.GetValue(rates)!)
            {
                Fit("all ten, from the model of eight", all, parsed.GetValue(more), eight, rate).Dispose();
            }

            Fit("all ten, from scratch", all, parsed.GetValue(epochs)).Dispose();
        });
        return command;
    }

    // The rows of the first eight classes, with a key that has those alone.
    private static IDataView Eight(MLContext ml, IDataView data)
    {
        var names = ChosenRows.ClassNames(data).Take(ClassesBefore).Select(name => new Name { Label = name });
        var kept = ml.Data.FilterRowsByKeyColumnFraction(data, "Label", 0, ClassesBefore / 10.0);
        return ml.Transforms.Conversion.MapKeyToValue("Label")
            .Append(ml.Transforms.Conversion.MapValueToKey("Label", keyData: ml.Data.LoadFromEnumerable(names)))
            .Fit(kept).Transform(kept);
    }

    private sealed class Name
    {
        public string Label { get; set; } = "";
    }
}
