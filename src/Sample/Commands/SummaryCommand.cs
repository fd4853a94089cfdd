using System.CommandLine;

namespace ResNetMLNet.Sample.Commands;

/// <summary>The chapter's table of the network.</summary>
internal static class SummaryCommand
{
    public static Command Create()
    {
        var imageSize = new Option<int>("--image-size") { Description = "Pixels a side.", DefaultValueFactory = _ => 224 };
        var architecture = new ArchitectureOption();
        var command = new Command("summary", "Prints the output shape of each part of a network and the number of its parameters.")
        {
            imageSize,
        };
        architecture.AddTo(command);
        command.Validators.Add(result =>
        {
            var smallest = (architecture.Get(result) ?? ResNetArchitecture.BookResNet18).MinimumImageSize;
            var size = result.GetResult(imageSize) is { Implicit: false } given ? given.GetValueOrDefault<int>() : smallest;
            if (size < smallest || size > 4096)
            {
                result.AddError($"--image-size must be between {smallest} and 4096 pixels.");
            }
        });
        command.SetAction(parsed =>
        {
            var network = architecture.Get(parsed) ?? ResNetArchitecture.BookResNet18;
            var size = parsed.GetValue(imageSize);
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
