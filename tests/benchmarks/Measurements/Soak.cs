using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;
using TorchSharp;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary><c>Fit</c> after <c>Fit</c> in one process: memory must stay flat.</summary>
internal static class Soak
{
    public static Command Create()
    {
        var minutes = new Option<double>("--minutes") { DefaultValueFactory = _ => 5 };
        var images = new Option<int>("--images") { DefaultValueFactory = _ => 1_000 };
        var data = FullData.Option();
        var command = new Command("soak", "Fit, Transform, Dispose, over and over: resident memory and native tensors after "
            + "each.") { minutes, images, data };
        command.SetAction(parsed =>
        {
            var ml = new MLContext(1);
            var train = ml.Data.TakeRows(FullData.Load(ml, parsed.GetValue(data)!, "train"), parsed.GetValue(images));
            var (watch, next, fits) = (Stopwatch.StartNew(), 0.0, 0);
            Console.WriteLine("| Fit | seconds | resident memory, MB | of which .NET's heap, MB | resident after a collection, "
                + "MB | of which .NET's heap, MB | native tensors |");
            Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
            while (watch.Elapsed.TotalMinutes < parsed.GetValue(minutes))
            {
                using (var model = ml.MulticlassClassification.Trainers.ResNet(
                    new ResNetTrainer.Options
                    {
                        FeatureColumnName = "Pixels",
                        Architecture = ResNetArchitecture.BookResNet18,
                        NumberOfEpochs = 1,
                        ValidationFraction = 0.1,
                        BestWeightsBy = TrainingMetric.ValidationLoss
                    }).Fit(train))
                {
                    _ = ml.MulticlassClassification.Evaluate(model.Transform(train));
                }

                fits++;
                if (fits <= 3 || watch.Elapsed.TotalSeconds >= next)
                {
                    next = watch.Elapsed.TotalSeconds + 30;
                    var (resident, heap) = Memory();
                    GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                    var (residentThen, heapThen) = Memory();
                    Console.WriteLine($"| {fits} | {watch.Elapsed.TotalSeconds:F0} | {resident:F0} | {heap:F0} | "
                        + $"{residentThen:F0} | {heapThen:F0} | {torch.Tensor.TotalCount} |");
                }
            }
        });
        return command;
    }

    private static (double Resident, double Heap) Memory() =>
        (Process.GetCurrentProcess().WorkingSet64 / 1e6, GC.GetGCMemoryInfo().TotalCommittedBytes / 1e6);
}
