using System.CommandLine;
using Microsoft.ML;
using ResNetMLNet.Sample.Rendering;

namespace ResNetMLNet.Sample.Commands;

/// <summary>How good a saved model is on labelled images.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var data = new DataOptions();
        var model = SavedModel.CreateOption();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("evaluate", "Evaluates a saved model on test images, or on all images of a folder of one's own.") { model, json };
        data.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var ml = new MLContext();
            var saved = SavedModel.Load(ml, parsed.GetValue(model)!);
            var images = await data.Open(ml, parsed, seed: 0, cancellation);
            var metrics = ml.MulticlassClassification.Evaluate(saved.Score(ml, images.All, images.FeatureColumnName));
            var confusion = metrics.ConfusionMatrix.Counts;
            var result = new Evaluation(
                (long)confusion.Sum(row => row.Sum()),
                metrics.MicroAccuracy,
                metrics.MacroAccuracy,
                metrics.LogLoss,
                saved.Network.Model.ClassNames,
                [.. confusion.Select(row => row.Select(count => (long)count).ToArray())]);
            if (parsed.GetValue(json))
            {
                OutputFile.PrintJson(result);
            }
            else
            {
                ConfusionTable.Write(Console.Out, result);
            }

            return 0;
        });
        return command;
    }
}

/// <summary>The result of evaluate, as --json prints it.</summary>
/// <param name="Images">The number of images.</param>
/// <param name="Accuracy">The share of images that were given their class.</param>
/// <param name="MacroAccuracy">The mean of the classes' own accuracies.</param>
/// <param name="LogLoss">The mean cross-entropy, in nats.</param>
/// <param name="Classes">The classes.</param>
/// <param name="Confusion">For each true class, the number of images given each class.</param>
internal sealed record Evaluation(
    long Images, double Accuracy, double MacroAccuracy, double LogLoss, IReadOnlyList<string> Classes, long[][] Confusion);
