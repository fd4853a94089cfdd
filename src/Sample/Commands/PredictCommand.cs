using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Sample.Rendering;

namespace ResNetMLNet.Sample.Commands;

/// <summary>What a saved model sees in image files.</summary>
internal static class PredictCommand
{
    public static Command Create()
    {
        var model = SavedModel.CreateOption();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var files = new Argument<FileInfo[]>("file") { Description = "Image files (PNG, JPEG, BMP, GIF, WebP).", Arity = ArgumentArity.OneOrMore };
        var command = new Command("predict", "Says what a saved model sees in image files.") { model, json, files };
        command.SetAction(parsed =>
        {
            var ml = new MLContext();
            var saved = SavedModel.Load(ml, parsed.GetValue(model)!);
            var images = parsed.GetValue(files)!;
            if (images.FirstOrDefault(file => !file.Exists) is { } missing)
            {
                throw new FileNotFoundException($"The file '{missing.FullName}' does not exist.");
            }

            var predictions = Predict(ml, saved, images);
            if (parsed.GetValue(json))
            {
                OutputFile.PrintJson(predictions);
            }
            else
            {
                foreach (var prediction in predictions)
                {
                    Console.WriteLine($"{prediction.File}: {prediction.Label} ({prediction.Probability:P1})");
                }
            }

            return 0;
        });
        return command;
    }

    private static List<Prediction> Predict(MLContext ml, SavedModel saved, FileInfo[] files)
    {
        var classes = saved.Network.Model.ClassNames;
        var rows = files.Select(file => new ImageFile { ImagePath = file.ToString(), Bytes = File.ReadAllBytes(file.FullName) });
        var scored = saved.Score(ml, ml.Data.LoadFromEnumerable(rows), nameof(ImageFile.Bytes));
        return [.. scored.GetColumn<float[]>(saved.Network.ScoreColumnName).Zip(files, (scores, file) =>
        {
            var best = Array.IndexOf(scores, scores.Max());
            return new Prediction(
                file.ToString(), classes[best], scores[best], classes.Zip(scores).ToDictionary(pair => pair.First, pair => pair.Second));
        })];
    }

    private sealed class ImageFile
    {
        // By this name of the column, errors name the file.
        public string ImagePath { get; set; } = "";

        public byte[] Bytes { get; set; } = [];
    }

    private sealed record Prediction(string File, string Label, float Probability, IReadOnlyDictionary<string, float> Scores);
}
