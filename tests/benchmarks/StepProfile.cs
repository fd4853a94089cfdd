using System.CommandLine;
using System.Diagnostics;
using ResNetMLNet.Hosting;
using ResNetMLNet.Network;
using ResNetMLNet.Training;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Benchmarks;

/// <summary>Where the time of a training step goes, and what the machine's arithmetic would allow.</summary>
internal static class StepProfile
{
    public static Command Create()
    {
        var imageSize = new Option<int>("--image-size") { DefaultValueFactory = _ => 28 };
        var batchSize = new Option<int>("--batch-size") { DefaultValueFactory = _ => 256 };
        var precision = new Option<ComputePrecision>("--precision") { DefaultValueFactory = _ => ComputePrecision.BFloat16 };
        var steps = new Option<int>("--steps") { DefaultValueFactory = _ => 10 };
        var command = new Command("profile", "The parts of a training step, in milliseconds (medians).") { imageSize, batchSize, precision, steps };
        command.SetAction(parsed => Run(
            parsed.GetValue(imageSize), parsed.GetValue(batchSize), parsed.GetValue(precision), parsed.GetValue(steps)));
        return command;
    }

    private static void Run(int size, int batch, ComputePrecision precision, int steps)
    {
        TorchRuntime.EnsureLoaded();
        NativeHeap.Keep();
        var type = PrecisionSelector.Select(precision, CPU);
        var plan = new NetworkPlan(ResNetArchitecture.ResNet18, channels: 1, classes: 10);
        using var network = ResNet.Create(plan, size, size, Initialisation.He, seed: 0, CPU, type);
        using var optimizer = new SgdOptimizer(network, momentum: 0.9, weightDecay: 5e-4);
        using var raw = randint(0, 256, [batch, 1, 28, 28], ScalarType.Byte);
        using var labels = randint(0, 10, [batch], ScalarType.Int64);
        var format = new Data.InputFormat(new(1, size, size), true, ResizeMode.Stretch);
        var times = new Dictionary<string, List<double>>();
        for (var step = -3; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            var watch = Stopwatch.StartNew();
            void Part(string name)
            {
                if (step >= 0)
                {
                    times.TryAdd(name, []);
                    times[name].Add(watch.Elapsed.TotalMilliseconds);
                }

                watch.Restart();
            }

            var input = Data.Resizing.ToInput(Augmenter.Apply(raw, Augmentation.Flip | Augmentation.Shift, step), format);
            Part("augment and resize");
            var logits = network.Forward(input, training: true);
            Part("forward");
            var loss = functional.cross_entropy(logits, labels, label_smoothing: 0.1);
            Part("loss");
            loss.backward();
            Part("backward");
            optimizer.Step(0.01);
            Part("optimizer");
            scope.Dispose();
            Part("dispose");
        }

        var medians = times.ToDictionary(pair => pair.Key, pair => pair.Value.Order().ElementAt(pair.Value.Count / 2));
        foreach (var (name, milliseconds) in medians)
        {
            Console.WriteLine($"{name,-20} {milliseconds,8:F1} ms");
        }

        Console.WriteLine($"{"step",-20} {medians.Values.Sum(),8:F1} ms   {1000 * batch / medians.Values.Sum():F0} images/s, {type}, {get_num_threads()} threads");
    }
}
