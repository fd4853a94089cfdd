using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>What a checkpoint after each epoch costs, in time of the clock and of the processor.</summary>
internal static class CheckpointCost
{
    public static Command Create()
    {
        var images = new Option<int>("--images") { DefaultValueFactory = _ => 60_000 };
        var imageSize = new Option<int>("--image-size") { DefaultValueFactory = _ => 28 };
        var epochs = new Option<int>("--epochs") { DefaultValueFactory = _ => 1 };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 4 };
        var data = FullData.Option();
        var command = new Command(
            "checkpoints", "Fit with a checkpoint after each epoch against Fit without, in turn.") { images, imageSize, epochs,
            rounds, data };
        command.SetAction(parsed =>
        {
            (double Clock, double Processor) Fit(bool checkpoint)
            {
                var folder = checkpoint ? Directory.CreateTempSubdirectory("resnet-bench-").FullName : null;
                var ml = new MLContext(1);
                var (processor, watch) = (Process.GetCurrentProcess().TotalProcessorTime, Stopwatch.StartNew());
                ml.MulticlassClassification.Trainers.ResNet(new ResNetTrainer.Options
                {
                    FeatureColumnName = "Pixels",
                    Architecture = ResNetArchitecture.BookResNet18,
                    ImageSize = parsed.GetValue(imageSize),
                    NumberOfEpochs = parsed.GetValue(epochs),
                    Checkpoints = folder is null ? null : new() { Directory = folder },
                }).Fit(ml.Data.TakeRows(FullData.Load(ml, parsed.GetValue(data)!, "train"), parsed.GetValue(images))).Dispose();
                var result = (watch.Elapsed.TotalSeconds, (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds);
                if (folder is not null)
                {
                    Console.Error.WriteLine($"{new DirectoryInfo(folder).GetFiles().Average(file => file.Length) / 1e6:F0} MB "
                        + "a checkpoint");
                    Directory.Delete(folder, recursive: true);
                }

                return result;
            }

            Fit(checkpoint: false);
            Console.WriteLine("| without, s (processor) | with, s (processor) | ratio | ratio of processor time |");
            Console.WriteLine("| --- | --- | --- | --- |");
            var ratios = new List<(double Clock, double Processor)>();
            for (var round = 0; round < parsed.GetValue(rounds); round++)
            {
                // Each goes first in turn, so that a machine that slows down or speeds up favours neither.
                var withFirst = round % 2 == 1;
                var first = Fit(withFirst);
                var second = Fit(!withFirst);
                var (without, with) = withFirst ? (second, first) : (first, second);
                ratios.Add((with.Clock / without.Clock, with.Processor / without.Processor));
                Console.WriteLine(
                    $"| {without.Clock:F1} ({without.Processor:F1}) | {with.Clock:F1} ({with.Processor:F1}) | "
                    + $"{ratios[^1].Clock:F3} | {ratios[^1].Processor:F3} |");
            }

            Console.WriteLine($"| | median | {InTurn.Median(ratios.Select(ratio => ratio.Clock)):F3} | "
                + $"{InTurn.Median(ratios.Select(ratio => ratio.Processor)):F3} |");
        });
        return command;
    }
}
