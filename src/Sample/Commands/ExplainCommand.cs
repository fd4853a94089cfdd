using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Sample.Files;
using ResNetMLNet.Sample.Rendering;
using ResNetMLNet.Sample.Scoring;

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
            Description = "The folder to write the heat maps to, as PNG. Required.",
            Required = true,
        };
        folder.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.Length == 0))
            {
                result.AddError("The folder of --out has no name.");
            }
        });
        var json = new Option<bool>("--json") { Description = "Prints JSON." };
        var files = ImageFiles.CreateArgument();
        var command = new Verb("explain", "Shows what a saved model looks at in image files.")
        {
            Examples = ["explain --out looked-at new.jpg"],
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
            using var heatMaps = CreateHeatMaps(ml, saved);
            var unread = 0;
            var explanations = ImageFiles.InEach(images, part => Explain(ml, saved, heatMaps, part)).Select((each, index) =>
            {
                unread += each.Found is null ? 1 : 0;
                return new Explanation
                {
                    File = each.File.ToString(),
                    Label = each.Found?.Likeliest.Label,
                    Probability = each.Found?.Likeliest.Probability,
                    HeatMap = each.Found is { } found ? target.Write(names[index], stream => stream.Write(found.Png)) : null,
                };
            });
            Print(explanations, parsed.GetValue(json));
            if (target.Problem is { } problem)
            {
                SteadyWriter.Error().WriteLine(problem);
                return Exit.Failed;
            }

            return unread > 0 ? Exit.Failed : 0;
        });
        return command;
    }

    private static string HeatMapColumn(SavedModel saved) => $"{saved.Network.ScoreColumnName}.HeatMap";

    private static string SeenColumn(SavedModel saved) => $"{saved.Network.ScoreColumnName}.Seen";

    private static HeatMapTransformer CreateHeatMaps(MLContext ml, SavedModel saved) =>
        ml.Transforms.ExplainImage(HeatMapColumn(saved), saved.Network, options: new() { ImageColumnName = SeenColumn(saved) })
            .Fit(ImageFiles.Score(ml, saved, []));

    private static IEnumerable<Seen> Explain(MLContext ml, SavedModel saved, HeatMapTransformer heatMaps, FileInfo[] files)
    {
        var network = saved.Network;
        var explained = heatMaps.Transform(ImageFiles.Score(ml, saved, files));
        var columns = SchemaDefinition.Create(typeof(Row));
        columns[nameof(Row.Scores)].ColumnName = network.ScoreColumnName;
        columns[nameof(Row.HeatMap)].ColumnName = HeatMapColumn(saved);
        columns[nameof(Row.SeenPixels)].ColumnName = SeenColumn(saved);
        return ml.Data.CreateEnumerable<Row>(explained, reuseRowObject: true, schemaDefinition: columns).Select(row => new Seen(
            Likeliest.Of(network.Model, row.Scores),
            HeatMapImage.ToPng(row.SeenPixels, row.HeatMap, network.Model.ImageWidth, network.Model.ImageHeight)));
    }

    private static void Print(IEnumerable<Explanation> explanations, bool json)
    {
        if (json)
        {
            StandardOutput.WriteJson([.. explanations], SampleJson.Default.IReadOnlyListExplanation);
            return;
        }

        foreach (var each in explanations.Where(each => each.HeatMap is not null))
        {
            var label = each.Label ?? Likeliest.Unknown;
            StandardOutput.Write(output =>
                output.WriteLine(PlainText.OneLine($"{each.File}: {label} ({each.Probability:P1}), heat map in {each.HeatMap}")));
        }
    }

    private sealed record Seen(Likeliest Likeliest, byte[] Png);

    private sealed class Row
    {
        public float[] Scores { get; set; } = [];

        public float[] HeatMap { get; set; } = [];

        public float[] SeenPixels { get; set; } = [];
    }
}

/// <summary>What explain finds in a file; --json prints the members in this order.</summary>
internal sealed record Explanation
{
    /// <summary>The file, as it was given.</summary>
    public required string File { get; init; }

    /// <summary>The likeliest class; null where it is not likely enough for the model, or the file cannot be read.</summary>
    public required string? Label { get; init; }

    /// <summary>The probability of the likeliest class; null where the file cannot be read.</summary>
    public required float? Probability { get; init; }

    /// <summary>
    /// The PNG that was written: the image as the network sees it under the heat map; null where the file cannot be read.
    /// </summary>
    [System.Text.Json.Serialization.JsonPropertyName("heatmap")]
    public required string? HeatMap { get; init; }
}
