using System.CommandLine;
using Microsoft.ML;
using ResNetMLNet.Sample.Reporting;
using ResNetMLNet.Sample.Scoring;

namespace ResNetMLNet.Sample.Commands;

/// <summary>The chapter's table of a network, or what is in a model.zip.</summary>
internal static class SummaryCommand
{
    private const int UsualSize = 224;

    public static Command Create()
    {
        var imageSize = Parsed.Integer("--image-size", "PIXELS", $"Pixels a side. Default: {UsualSize}.");
        var architecture = new ArchitectureOption(
            $"{ResNetArchitecture.NarrowResNet18.Name} for up to 40 pixels a side, {ResNetArchitecture.BookResNet18.Name} for more");
        var model = new Option<FileInfo?>("--model")
        {
            HelpName = "MODEL",
            Description = "A model.zip: its parts, and before them what it is, how it was trained, and its classes.",
        };
        var command = new Verb(
            "summary",
            "Prints what each part of a network puts out, and its parameters: for grey images of 10 classes, or of a saved model.")
        {
            Examples = ["summary", "summary --architecture resnet50", "summary --model out/model.zip"],
        };
        command.Add("Network", architecture.Option, imageSize, model);
        command.Check(result =>
        {
            if (result.GetValue(model) is not null)
            {
                if (result.GetResult(imageSize) is not null || result.GetResult(architecture.Option) is not null)
                {
                    result.AddError("--model says which network it is: leave out --architecture and --image-size.");
                }

                return;
            }

            var size = result.GetValue(imageSize) ?? UsualSize;
            var smallest = (architecture.Get(result) ?? ResNetArchitecture.DefaultFor(size)).MinimumImageSize;
            if (size < smallest || size > 4096)
            {
                result.AddError($"--image-size must be between {smallest} and 4096 pixels.");
            }
        });
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(model) is { } file)
            {
                var saved = SavedModel.Load(new MLContext(), file, model.Name).Network.Model;
                StandardOutput.Write(output => Write(output, file, saved));
                return 0;
            }

            var size = parsed.GetValue(imageSize) ?? UsualSize;
            var network = architecture.Get(parsed) ?? ResNetArchitecture.DefaultFor(size);
            StandardOutput.Write(output =>
            {
                var summary = network.Summarize(imageChannels: 1, imageSize: size, classes: 10);
                output.WriteLine($"{network.Name}, input 1x{size}x{size}");
                Write(output, summary);
                output.WriteLine($"{summary.ParameterCount:N0} parameters");
            });
            return 0;
        });
        return command;
    }

    private static void Write(TextWriter output, FileInfo file, ResNetModel model)
    {
        output.WriteLine(PlainText.OneLine($"{file}"));
        Fact[] facts =
        [
            .. ReportFacts.Settings(model), ReportFacts.TrainedOn(model), .. ReportFacts.Data(model, test: null),
            new("Their names", string.Join(", ", model.ClassNames)),
        ];
        foreach (var fact in facts)
        {
            output.WriteLine(PlainText.OneLine($"{fact.Name.PadRight(facts.Max(each => each.Name.Length))} {fact.Value}"));
        }

        output.WriteLine();
        Write(output, model.Summarize());
    }

    private static void Write(TextWriter output, ResNetSummary summary)
    {
        foreach (var layer in summary.Layers)
        {
            output.WriteLine($"{layer.Name,-24} {string.Join("x", layer.Shape)}");
        }
    }
}
