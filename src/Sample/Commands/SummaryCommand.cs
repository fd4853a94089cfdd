using System.CommandLine;

namespace ResNetMLNet.Sample.Commands;

/// <summary>The chapter's table of the network.</summary>
internal static class SummaryCommand
{
    private const int UsualSize = 224;

    public static Command Create()
    {
        var imageSize = Parsed.Integer("--image-size", "PIXELS", $"Pixels a side. Default: {UsualSize}.");
        var architecture = new ArchitectureOption(
            $"{ResNetArchitecture.NarrowResNet18.Name} for up to 40 pixels a side, {ResNetArchitecture.BookResNet18.Name} for more");
        var command = new Verb("summary", "Prints what each part of a network puts out, and its parameters, for grey images of 10 classes.")
        {
            Examples = ["summary", "summary --architecture resnet50"],
        };
        command.Add("Network", architecture.Option, imageSize);
        command.Check(result =>
        {
            var size = result.GetValue(imageSize) ?? UsualSize;
            var smallest = (architecture.Get(result) ?? ResNetArchitecture.DefaultFor(size)).MinimumImageSize;
            if (size < smallest || size > 4096)
            {
                result.AddError($"--image-size must be between {smallest} and 4096 pixels.");
            }
        });
        command.SetAction(parsed =>
        {
            var size = parsed.GetValue(imageSize) ?? UsualSize;
            var network = architecture.Get(parsed) ?? ResNetArchitecture.DefaultFor(size);
            var summary = network.Summarize(imageChannels: 1, imageSize: size, classes: 10);
            StandardOutput.Write(output =>
            {
                output.WriteLine($"{network.Name}, input 1x{size}x{size}");
                foreach (var layer in summary.Layers)
                {
                    output.WriteLine($"{layer.Name,-24} {string.Join("x", layer.Shape)}");
                }

                output.WriteLine($"{summary.ParameterCount:N0} parameters");
            });
            return 0;
        });
        return command;
    }
}
