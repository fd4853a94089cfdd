using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>How long after a cancellation at a random moment <c>Fit</c> comes back, against the time of a step.</summary>
internal static class CancelLatency
{
    public static Command Create()
    {
        var imageSize = new Option<int>("--image-size") { DefaultValueFactory = _ => 96 };
        var batchSize = new Option<int>("--batch-size") { DefaultValueFactory = _ => 256 };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 8 };
        var data = FullData.Option();
        var command = new Command(
            "cancel", "From a cancellation to the end of Fit, without and with a checkpoint to write.") { imageSize, batchSize,
            rounds, data };
        command.SetAction(parsed =>
        {
            Console.WriteLine("| Fit | step, s | cancelled to returned, s, median | longest | in steps, median | longest |");
            Console.WriteLine("| --- | --- | --- | --- | --- | --- |");
            foreach (var checkpoint in (bool[])[false, true])
            {
                var runs = Enumerable.Range(0, parsed.GetValue(rounds))
                    .Select(round =>
                        Run(parsed.GetValue(data)!, parsed.GetValue(imageSize), parsed.GetValue(batchSize), checkpoint, round)).ToArray();
                var (step, latencies) = (InTurn.Median(runs.Select(run => run.Step)), runs.Select(run => run.Latency).ToArray());
                var steps = runs.Select(run => run.Latency / run.Step).ToArray();
                Console.WriteLine(
                    $"| {(checkpoint ? "with" : "without")} checkpoints | {step:F2} | {InTurn.Median(latencies):F2} | "
                    + $"{latencies.Max():F2} | {InTurn.Median(steps):F2} | {steps.Max():F2} |");
            }
        });
        return command;
    }

    private static (double Step, double Latency) Run(string data, int imageSize, int batchSize, bool checkpoint, int round)
    {
        const int StepsPerEpoch = 3;
        var folder = checkpoint ? Directory.CreateTempSubdirectory("resnet-bench-").FullName : null;
        try
        {
            var ml = new MLContext(round);
            using var source = new CancellationTokenSource();
            var epochs = new List<double>();
            long cancelled = 0;
            using var registration = source.Token.Register(() => cancelled = Stopwatch.GetTimestamp());
            var trainer = ml.MulticlassClassification.Trainers.ResNet(new ResNetTrainer.Options
            {
                FeatureColumnName = "Pixels",
                ImageSize = imageSize,
                BatchSize = batchSize,
                NumberOfEpochs = 100,
                Checkpoints = folder is null ? null : new() { Directory = folder, Epochs = 100 },
                CancellationToken = source.Token,
                EpochCallback = epoch =>
                {
                    epochs.Add(epoch.Seconds / StepsPerEpoch);
                    if (epochs.Count == 2)
                    {
                        source.CancelAfter(TimeSpan.FromSeconds(new Random(round).NextDouble() * epoch.Seconds));
                    }
                },
            });
            try
            {
                trainer.Fit(ml.Data.TakeRows(FullData.Load(ml, data, "train"), StepsPerEpoch * batchSize)).Dispose();
                throw new InvalidOperationException("It was not cancelled.");
            }
            catch (OperationCanceledException)
            {
                return (epochs[^1], Stopwatch.GetElapsedTime(cancelled).TotalSeconds);
            }
        }
        finally
        {
            if (folder is not null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }
}
