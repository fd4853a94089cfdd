using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML;
using ResNetMLNet.Data;
using ResNetMLNet.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>
/// Images per second of training: <c>Fit</c>, a bare TorchSharp loop over tensors in memory, and the chapter's PyTorch program,
/// in turn in one run.
/// </summary>
internal static class Throughput
{
    public static Command Create()
    {
        var imageSize = new Option<int>("--image-size") { DefaultValueFactory = _ => 96 };
        var batchSize = new Option<int>("--batch-size") { DefaultValueFactory = _ => 256 };
        var precision = new Option<ComputePrecision[]>("--precision")
        {
            DefaultValueFactory = _ =>
            [ComputePrecision.Float32, ComputePrecision.Auto]
        };
        var recipe = new Option<TrainingRecipe>("--recipe") { DefaultValueFactory = _ => TrainingRecipe.Book };
        var steps = new Option<int>("--steps") { DefaultValueFactory = _ => 4 };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 3 };
        var device = new Option<ComputeDevice>("--device") { DefaultValueFactory = _ => ComputeDevice.Cpu };
        var python = new Option<string?>("--python")
        { Description = "A Python with PyTorch, for the chapter's program (on Debian: /usr/bin/python3)." };
        var command = new Command(
            "throughput", "Fit against a bare TorchSharp loop against PyTorch.") { imageSize, batchSize, precision, recipe, steps,
            rounds, device, python };
        command.SetAction(parsed =>
        {
            var (size, batch, count) = (parsed.GetValue(imageSize), parsed.GetValue(batchSize), parsed.GetValue(steps));
            var where = parsed.GetValue(device);
            TorchRuntime.EnsureLoaded();
            var tensors = DeviceSelector.ToDevice(where == ComputeDevice.Cuda ? 0 : null);
            var contestants = new Dictionary<string, Func<double>>();
            foreach (var kind in parsed.GetValue(precision)!)
            {
                contestants[$"Fit, {kind}"] = () => Fit(size, batch, count, kind, parsed.GetValue(recipe), where);
                contestants[$"bare TorchSharp loop, {kind}"] = () => Bare(size, batch, count, kind, tensors);
            }

            if (parsed.GetValue(python) is { } interpreter)
            {
                var name = tensors.type.ToString().ToLowerInvariant();
                contestants["PyTorch, float32"] = () => PyTorch(interpreter, size, batch, count, name);
                if (parsed.GetValue(precision)!.Any(kind => PrecisionSelector.Select(kind, tensors) == ScalarType.BFloat16))
                {
                    contestants["PyTorch, bfloat16 (autocast)"] = () => PyTorch(interpreter, size, batch, count, name, "--autocast");
                }
            }

            InTurn.Run(contestants, parsed.GetValue(rounds), "images/s");
        });
        return command;
    }

    // The second epoch: the first warms up.
    private static double Fit(int size, int batch, int steps, ComputePrecision precision, TrainingRecipe recipe, ComputeDevice device)
    {
        var ml = new MLContext(0);
        var speed = 0.0;
        var data = ml.Data.TakeRows(Images(ml), batch * steps);
        using var model = ml.MulticlassClassification.Trainers.ResNet(new ResNetTrainer.Options
        {
            FeatureColumnName = "Pixels",
            Architecture = ResNetArchitecture.BookResNet18,
            ImageSize = size,
            BatchSize = batch,
            NumberOfEpochs = 2,
            Precision = precision,
            Recipe = recipe,
            Device = device,
            EpochCallback = metrics => speed = metrics.ImagesPerSecond,
        }).Fit(data);
        return speed;
    }

    private static IDataView Images(MLContext ml)
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "data");
        return ml.Data.LoadFromIdx(Path.Combine(folder, "train-images-idx3-ubyte.gz"), Path.Combine(folder, "train-labels-idx1-ubyte.gz"));
    }

    private static double Bare(int size, int batch, int steps, ComputePrecision precision, Device device)
    {
        using var scope = NewDisposeScope();
        using var network = new BareNetwork(PrecisionSelector.Select(precision, device));
        network.to(device);
        using var optimizer = optim.SGD(network.parameters(), 0.05);
        var images = Resizing.ToInput(
            randint(0, 256, [batch * steps, 1, 28, 28], ScalarType.Byte, device), new(new(1, size, size), true, ResizeMode.Stretch));
        var labels = randint(0, 10, [batch * steps], ScalarType.Int64, device);
        var watch = new Stopwatch();
        for (var step = -2; step < steps; step++)
        {
            if (step == 0)
            {
                Wait(network);
                watch.Start();
            }

            using var inner = NewDisposeScope();
            var first = Math.Max(0, step) * batch;
            optimizer.zero_grad();
            nn.functional.cross_entropy(network.forward(images.narrow(0, first, batch)), labels.narrow(0, first, batch)).backward();
            optimizer.step();
        }

        Wait(network);
        return batch * steps / watch.Elapsed.TotalSeconds;
    }

    // A GPU's host runs ahead of it, until it asks for a value.
    private static void Wait(BareNetwork network)
    {
        using var scope = NewDisposeScope();
        network.parameters().First().sum().cpu();
    }

    private static double PyTorch(string interpreter, int size, int batch, int steps, string device, params string[] more)
    {
        var start = new ProcessStartInfo(interpreter) { RedirectStandardOutput = true };
        foreach (var argument in (string[])
        [
            Path.Combine(AppContext.BaseDirectory, "pytorch", "chapter.py"),
            "--data", Path.Combine(AppContext.BaseDirectory, "data"),
            "--image-size", Text(size), "--batch-size", Text(batch), "--steps", Text(steps), "--device", device, .. more,
        ])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        using var result = JsonDocument.Parse(process.StandardOutput.ReadToEnd());
        return result.RootElement.GetProperty("imagesPerSecond").GetDouble();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
