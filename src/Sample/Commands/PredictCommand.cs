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
        var files = new Argument<FileInfo[]>("file")
        {
            Description = "Image files (PNG, JPEG, BMP, GIF, WebP).",
            Arity = ArgumentArity.OneOrMore,
        };
        files.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.Length == 0))
            {
                result.AddError("The name of an image file is empty.");
            }
        });
        var command = new Command("predict", "Says what a saved model sees in image files.") { model, json, files };
        command.SetAction(parsed =>
        {
            var ml = new MLContext();
            var saved = SavedModel.Load(ml, parsed.GetValue(model)!, model.Name);
            var images = parsed.GetValue(files)!;
            foreach (var file in images)
            {
                InputFile.Require(file, "predict takes image files.");
            }

            var predictions = Predict(ml, saved, images);
            if (parsed.GetValue(json))
            {
                StandardOutput.WriteJson(predictions, SampleJson.Default.IReadOnlyListPrediction);
            }
            else
            {
                StandardOutput.Write(output =>
                {
                    foreach (var prediction in predictions)
                    {
                        output.WriteLine(PlainText.OneLine($"{prediction.File}: {prediction.Label} ({prediction.Probability:P1})"));
                    }
                });
            }

            return 0;
        });
        return command;
    }

    private static IReadOnlyList<Prediction> Predict(MLContext ml, SavedModel saved, FileInfo[] files)
    {
        var classes = saved.Network.Model.ClassNames;
        var rows = files.Select(file => new ImageFile { ImagePath = file.ToString(), Bytes = File.ReadAllBytes(file.FullName) });
        var scored = saved.Score(ml, ml.Data.LoadFromEnumerable(rows), nameof(ImageFile.Bytes));
        return [.. scored.GetColumn<float[]>(saved.Network.ScoreColumnName).Zip(files, (scores, file) =>
        {
            var best = Array.IndexOf(scores, scores.Max());
            return new Prediction
            {
                File = file.ToString(),
                Label = classes[best],
                Probability = scores[best],
                Scores = classes.Zip(scores).ToDictionary(pair => pair.First, pair => pair.Second),
            };
        })];
    }

    private sealed class ImageFile
    {
        // By this name of the column, errors name the file.
        public string ImagePath { get; set; } = "";

        public byte[] Bytes { get; set; } = [];
    }
}

/// <summary>What predict sees in a file; --json prints the members in this order.</summary>
internal sealed record Prediction
{
    /// <summary>The file, as it was given.</summary>
    public required string File { get; init; }

    /// <summary>The likeliest class.</summary>
    public required string Label { get; init; }

    /// <summary>Its probability.</summary>
    public required float Probability { get; init; }

    /// <summary>The probabilities of all classes.</summary>
    public required IReadOnlyDictionary<string, float> Scores { get; init; }
}
