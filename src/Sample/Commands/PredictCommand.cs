using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Sample.Scoring;

namespace ResNetMLNet.Sample.Commands;

/// <summary>What a saved model sees in image files.</summary>
internal static class PredictCommand
{
    public static Command Create()
    {
        var model = SavedModel.CreateOption();
        var rejectBelow = new RejectBelowOption();
        var top = Parsed.Integer("--top", "N", "How many of the likeliest classes are printed. Default: 1. JSON has them all.", least: 1);
        var json = new Option<bool>("--json") { Description = "Prints JSON." };
        var files = ImageFiles.CreateArgument();
        var command = new Verb("predict", "Says what a saved model sees in image files.")
        {
            Examples = ["predict new.jpg", "predict --model out/model.zip --top 3 photographs", "predict --json *.png"],
        };
        command.Arguments.Add(files);
        command.Add("Model", model, rejectBelow.Option);
        command.Add("Results", top, json);
        command.SetAction(parsed =>
        {
            var ml = new MLContext();
            var saved = rejectBelow.Apply(parsed, SavedModel.Load(ml, parsed.GetValue(model)!, model.Name));
            var images = ImageFiles.Find(parsed.GetValue(files)!, command.Name);
            var unread = 0;
            var predictions = ImageFiles.InEach(images, part => Predict(ml, saved, part)).Select(each =>
            {
                unread += each.Found is null ? 1 : 0;
                return each.Found ?? new Prediction { File = each.File.ToString(), Label = null, Probability = null, Scores = null };
            });
            if (parsed.GetValue(json))
            {
                StandardOutput.WriteJson([.. predictions], SampleJson.Default.IReadOnlyListPrediction);
            }
            else
            {
                var count = parsed.GetValue(top) ?? 1;
                foreach (var prediction in predictions.Where(each => each.Scores is not null))
                {
                    StandardOutput.Write(output => output.WriteLine(PlainText.OneLine($"{prediction.File}: {Text(prediction, count)}")));
                }
            }

            return unread > 0 ? Exit.Failed : 0;
        });
        return command;
    }

    private static string Text(Prediction prediction, int count)
    {
        if (count == 1)
        {
            return $"{prediction.Label ?? Likeliest.Unknown} ({prediction.Probability:P1})";
        }

        var likeliest = prediction.Scores!.OrderByDescending(score => score.Value).Take(count)
            .Select(score => $"{score.Key} ({score.Value:P1})");
        return $"{(prediction.Label is null ? $"{Likeliest.Unknown}: " : "")}{string.Join(", ", likeliest)}";
    }

    private static IEnumerable<Prediction> Predict(MLContext ml, SavedModel saved, FileInfo[] files)
    {
        var (network, scored) = (saved.Network, ImageFiles.Score(ml, saved, files));
        return scored.GetColumn<float[]>(network.ScoreColumnName).Zip(files, (scores, file) =>
        {
            var likeliest = Likeliest.Of(network.Model, scores);
            return new Prediction
            {
                File = file.ToString(),
                Label = likeliest.Label,
                Probability = likeliest.Probability,

                // Keys may have two values that read the same: the likelier one is taken, as for the label.
                Scores = network.Model.ClassNames.Zip(scores).GroupBy(pair => pair.First, pair => pair.Second)
                    .ToDictionary(same => same.Key, same => same.Max()),
            };
        });
    }
}

/// <summary>What predict sees in a file; --json prints the members in this order.</summary>
internal sealed record Prediction
{
    /// <summary>The file, as it was given.</summary>
    public required string File { get; init; }

    /// <summary>The likeliest class; null where it is not likely enough for the model, or the file cannot be read.</summary>
    public required string? Label { get; init; }

    /// <summary>The probability of the likeliest class; null where the file cannot be read.</summary>
    public required float? Probability { get; init; }

    /// <summary>
    /// The probabilities of all classes, of those that read the same that of the likeliest; null where the file cannot be read.
    /// </summary>
    public required IReadOnlyDictionary<string, float>? Scores { get; init; }
}
