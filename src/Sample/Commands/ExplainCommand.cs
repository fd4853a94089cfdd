using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Sample.Rendering;

namespace ResNetMLNet.Sample.Commands;

/// <summary>What a saved model looks at in image files.</summary>
internal static class ExplainCommand
{
    public static Command Create()
    {
        var model = SavedModel.CreateOption();
        var folder = new Option<DirectoryInfo>("--out")
        {
            HelpName = "DIR",
            Description = "The folder to write the heat maps to, as PNG.",
            Required = true,
        };
        folder.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.Length == 0))
            {
                result.AddError("The folder of --out has no name.");
            }
        });
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var files = ImageFiles.CreateArgument();
        var command = new Verb("explain", "Shows what a saved model looks at in image files.")
        {
            Examples = ["explain --model out/model.zip --out looked-at new.jpg"],
        };
        command.Arguments.Add(files);
        command.Add("Model", model);
        command.Add("Results", folder, json);
        command.SetAction(parsed =>
        {
            var ml = new MLContext();
            var saved = SavedModel.Load(ml, parsed.GetValue(model)!, model.Name);
            var images = ImageFiles.Find(parsed.GetValue(files)!, command.Name);
            var path = parsed.GetValue(folder)!.ToString();
            var names = HeatMapNames.Of(images, path);
            var target = OutputFolder.Open(path, folder.Name, names);
            Explanation[] explanations = [.. Explain(ml, saved, images).Select((row, index) => new Explanation
            {
                File = images[index].ToString(),
                Label = row.Likeliest.Label,
                Probability = row.Likeliest.Probability,
                HeatMap = target.Write(names[index], stream => stream.Write(row.Png)),
            })];
            Print(explanations, parsed.GetValue(json));
            if (target.Problem is { } problem)
            {
                SteadyWriter.Error().WriteLine(problem);
                return Exit.Failed;
            }

            return 0;
        });
        return command;
    }

    private static IEnumerable<(Likeliest Likeliest, byte[] Png)> Explain(MLContext ml, SavedModel saved, FileInfo[] files)
    {
        var network = saved.Network;
        var (heatMap, seen) = ($"{network.ScoreColumnName}.HeatMap", $"{network.ScoreColumnName}.Seen");
        var scored = ImageFiles.Score(ml, saved, files);
        var explained = ml.Transforms.ExplainImage(heatMap, network, options: new() { ImageColumnName = seen })
            .Fit(scored).Transform(scored);
        var columns = SchemaDefinition.Create(typeof(Row));
        columns[nameof(Row.Scores)].ColumnName = network.ScoreColumnName;
        columns[nameof(Row.HeatMap)].ColumnName = heatMap;
        columns[nameof(Row.Seen)].ColumnName = seen;
        return ml.Data.CreateEnumerable<Row>(explained, reuseRowObject: true, schemaDefinition: columns).Select(row => (
            Likeliest.Of(network.Model, row.Scores),
            HeatMapImage.ToPng(row.Seen, row.HeatMap, network.Model.ImageWidth, network.Model.ImageHeight)));
    }

    private static void Print(Explanation[] explanations, bool json)
    {
        if (json)
        {
            StandardOutput.WriteJson(explanations, SampleJson.Default.IReadOnlyListExplanation);
            return;
        }

        StandardOutput.Write(output =>
        {
            foreach (var each in explanations)
            {
                var label = each.Label ?? Likeliest.Unknown;
                output.WriteLine(PlainText.OneLine($"{each.File}: {label} ({each.Probability:P1}), heat map in {each.HeatMap}"));
            }
        });
    }

    private sealed class Row
    {
        public float[] Scores { get; set; } = [];

        public float[] HeatMap { get; set; } = [];

        public float[] Seen { get; set; } = [];
    }
}

/// <summary>What explain finds in a file; --json prints the members in this order.</summary>
internal sealed record Explanation
{
    /// <summary>The file, as it was given.</summary>
    public required string File { get; init; }

    /// <summary>The likeliest class; null where it is not likely enough for the model.</summary>
    public required string? Label { get; init; }

    /// <summary>The probability of the likeliest class.</summary>
    public required float Probability { get; init; }

    /// <summary>The PNG that was written: the image as the network sees it under the heat map.</summary>
    [System.Text.Json.Serialization.JsonPropertyName("heatmap")]
    public required string HeatMap { get; init; }
}
