using System.CommandLine;
using System.Diagnostics;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Network.Convolutions;
using ResNetMLNet.Training.Augmenting;
using ResNetMLNet.Training.Optimizing;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>Where the time of a training step goes, and what the machine's arithmetic would allow.</summary>
internal static class StepProfile
{
    public static Command Create()
    {
        var imageSize = new Option<int>("--image-size") { DefaultValueFactory = _ => 28 };
        var batchSize = new Option<int>("--batch-size") { DefaultValueFactory = _ => 256 };
        var precision = new Option<ComputePrecision>("--precision") { DefaultValueFactory = _ => ComputePrecision.BFloat16 };
        var steps = new Option<int>("--steps") { DefaultValueFactory = _ => 10 };
        var winograd = new Option<bool>("--winograd") { Description = "With Winograd's convolutions." };
        var network = new NetworkOptions();
        var command = new Command(
            "profile", "The parts of a training step, in milliseconds (medians).") { imageSize, batchSize, precision, steps, winograd };
        network.AddTo(command);
        command.SetAction(parsed =>
        {
            var size = parsed.GetValue(imageSize);
            Run(
                new(network.Get(parsed), new(1, size, size), classes: 10), parsed.GetValue(batchSize), parsed.GetValue(precision),
                parsed.GetValue(steps), parsed.GetValue(winograd));
        });
        return command;
    }

    private static void Run(NetworkPlan plan, int batch, ComputePrecision precision, int steps, bool winograd)
    {
        TorchRuntime.EnsureLoaded();
        using var heap = NativeHeap.Keep();
        var type = PrecisionSelector.Select(precision, CPU);
        var size = plan.Input.Height;
        using var network = TrainableNetwork.Create(plan, Initialisation.He, seed: 0, CPU, type);
        network.UsesWinograd = winograd;
        using var optimizer = new Optimizer(network, momentum: 0.9, weightDecay: 5e-4, muonMultiplier: 1);
        using var average = new WeightAverage(network, decay: 0.999, CPU);
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

            var augmented = Augmenter.Apply(raw, Augmentation.Flip | Augmentation.Crop | Augmentation.RandomErasing, step);
            var input = Data.Resizing.ToInput(augmented, format);
            Part("augment and resize");
            var logits = network.Forward(input, training: true);
            Part("forward");
            var loss = functional.cross_entropy(logits, labels, label_smoothing: 0.1);
            Part("loss");
            loss.backward();
            Part("backward");
            optimizer.Step(0.01);
            Part("optimizer");
            average.Follow(step + 3);
            Part("average of weights (off by default)");
            scope.Dispose();
            Part("dispose");
        }

        var medians = times.ToDictionary(pair => pair.Key, pair => Median(pair.Value));
        var whole = medians.Values.Sum();
        Console.WriteLine(
            $"{plan.Architecture}, {size}x{size}, batches of {batch}, {type}, {get_num_threads()} threads: "
            + $"{1000 * batch / whole:F0} images/s\n");
        Console.WriteLine("| part of a step | ms | share |");
        Console.WriteLine("| --- | --- | --- |");
        foreach (var (name, milliseconds) in medians.Append(new("**step**", whole)))
        {
            Print(name, milliseconds, whole);
        }

        // Each layer once more by itself, forward and backward.
        var layers = plan.Inputs.Select(layer => Layer(layer.Key, [batch, .. layer.Value], plan.Windows[layer.Key], type, steps)).ToArray();
        Print("of which convolutions", layers.Sum(layer => layer.Convolution), whole);
        Print("of which normalisation", layers.Sum(layer => layer.Normalisation), whole);

        var limit = MatrixProduct(type, steps);
        var reached = layers.Sum(layer => layer.Operations) / layers.Sum(layer => layer.Convolution) / 1e6;
        Console.WriteLine($"\nConvolutions reach {reached:F0} GFLOP/s, {reached / limit:P0} of the {limit:F0} that a product "
            + "of 2048x2048 matrices reaches.");
    }

    private static (double Convolution, double Normalisation, double Operations) Layer(
        ConvolutionPlan plan, long[] input, KernelWindow window, ScalarType type, int steps)
    {
        using var scope = NewDisposeScope();
        var x = randn(input).to_type(type);
        x = ChannelOrder.For(x, plan).detach();
        x.requires_grad = plan.Inputs > 3;
        var weight = window.View(randn([plan.Outputs, plan.Inputs, plan.Kernel, plan.Kernel])).contiguous().to_type(type).detach();
        weight.requires_grad = true;
        var y = LibtorchConvolution.Run(x, weight, null, plan, window).detach().clone();
        y.requires_grad = true;
        var gradient = ones_like(y);
        var (scale, shift) = (ones(plan.Outputs, requires_grad: true), zeros(plan.Outputs, requires_grad: true));
        var (mean, variance) = (zeros(plan.Outputs), ones(plan.Outputs));
        var convolutions = Time(steps, () =>
        {
            LibtorchConvolution.Run(x, weight, null, plan, window).backward([gradient]);
            (x.grad, weight.grad) = (null, null);
        });
        var normalisation = plan.Normalisation is null ? 0 : Time(steps, () =>
        {
            functional.batch_norm(y, mean, variance, scale, shift, training: true).backward([gradient]);
            (y.grad, scale.grad, shift.grad) = (null, null, null);
        });

        // Two operations for each weight and output pixel, forward and for each of the gradients.
        var passes = x.requires_grad ? 3 : 2;
        return (convolutions, normalisation, 2.0 * passes * input[0] * weight.numel() * y.shape[2] * y.shape[3]);
    }

    private static double MatrixProduct(ScalarType type, int steps)
    {
        using var scope = NewDisposeScope();
        var matrix = randn(2048, 2048).to_type(type);
        return 2 * Math.Pow(2048, 3) / Time(steps, () => matrix.mm(matrix)) / 1e6;
    }

    private static double Time(int steps, Action action)
    {
        var times = new List<double>();
        for (var step = -2; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            var watch = Stopwatch.StartNew();
            action();
            if (step >= 0)
            {
                times.Add(watch.Elapsed.TotalMilliseconds);
            }
        }

        return Median(times);
    }

    public static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Print(string name, double milliseconds, double whole) =>
        Console.WriteLine($"| {name} | {milliseconds:F1} | {milliseconds / whole:P0} |");
}
