using System.CommandLine;
using Microsoft.ML;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>Milliseconds of an epoch where only the linear layer is trained, on features that are computed once.</summary>
internal static class FrozenEpochs
{
    public static Command Create()
    {
        var images = new Option<int>("--images") { DefaultValueFactory = _ => 1_000 };
        var imageSize = new Option<int>("--image-size") { DefaultValueFactory = _ => 64 };
        var epochs = new Option<int>("--epochs") { DefaultValueFactory = _ => 30 };
        var data = FullData.Option();
        var command = new Command("frozen", "Milliseconds of each epoch of training the linear layer alone.")
        {
            images, imageSize, epochs, data,
        };
        command.SetAction(parsed =>
        {
            var ml = new MLContext(1);
            using var model = ml.MulticlassClassification.Trainers.ResNet(new ResNetTrainer.Options
            {
                FeatureColumnName = "Pixels",
                ImageSize = parsed.GetValue(imageSize),
                InitialWeights = PretrainedWeights.ImageNet,
                FrozenStages = 4,
                NumberOfEpochs = parsed.GetValue(epochs),
            }).Fit(ml.Data.TakeRows(FullData.Load(ml, parsed.GetValue(data)!, "train"), parsed.GetValue(images)));
            var milliseconds = model.Model.History.Select(epoch => 1000 * epoch.Seconds).ToArray();
            Console.WriteLine(
                $"first epoch {milliseconds[0]:F1} ms, the others {InTurn.Median(milliseconds.Skip(1)):F1} ms (median), "
                + $"{milliseconds.Skip(1).Max():F1} ms (longest)");
        });
        return command;
    }
}
