using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet;

// Trains a small network on images of noise, alone or under mpirun, and writes what each process has in the end.
// Arguments: name=value.
var given = args.Select(argument => argument.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
int Number(string name, int usual) => given.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : usual;
bool Is(string name) => given.ContainsKey(name);
var rank = DistributedProcess.Rank;
var folder = given["out"];
using var cancellation = new CancellationTokenSource();
if (Is("uncounted"))
{
    // As under Microsoft's mpiexec, which does not say how many of the processes share a machine.
    Environment.SetEnvironmentVariable("MPI_LOCALNRANKS", null);
}


var ml = new MLContext(seed: 1);
if (rank == 0)
{
    ml.Log += (_, e) =>
    {
        if (e.Source.StartsWith("ResNetTrainer; Training", StringComparison.Ordinal))
        {
            Console.WriteLine(e.RawMessage);
        }
    };
}

var size = Number("size", 24);
var options = new ResNetTrainer.Options
{
    FeatureColumnName = nameof(Row.Pixels),
    Architecture = ResNetArchitecture.ResNet18 with { Name = "ranks", Width = Number("width", 8), Depths = new(1, 1, 1, 1) },
    Device = ComputeDevice.Cpu,
    Precision = ComputePrecision.Float32,
    Augmentation = Augmentation.None,
    Recipe = Is("book") ? TrainingRecipe.Book : TrainingRecipe.Fast,
    NumberOfEpochs = Number("epochs", 1),
    BatchSize = Number("batch", 4),
    LearningRate = 0.05,
    Seed = Is("differ") && rank == 1 ? 5 : 3,
    Threads = Is("uncounted") ? null : 1,
    SynchronizedNormalization = Is("sync") || (Is("sync-one") && rank == 1),
    GradientCompression = Is("compress") ? GradientCompression.BFloat16 : GradientCompression.None,
    MemoryBudget = Is("stream") ? 0 : null,
    DataPruning = Is("prune") && rank == 1 ? 0.5 : null,
    ValidationFraction = Is("validate") ? 0.2 : null,
    OnCancellation = Is("throw-one") && rank == 1 ? CancellationBehavior.Throw : CancellationBehavior.ReturnModel,
    CancellationToken = cancellation.Token,
    EpochCallback = epoch =>
    {
        Console.WriteLine($"{TorchSharp.torch.get_num_threads()} threads");
        Console.WriteLine($"loss {epoch.TrainLoss:R} accuracy {epoch.TrainAccuracy:R} validation {epoch.ValidationLoss:R}");
        if (Is("throw"))
        {
            if (Is("cancelled"))
            {
                cancellation.Cancel();
            }

            throw new OperationCanceledException("The callback has had enough.");
        }

        if (Number("pause", 0) is > 0 and var pause)
        {
            Thread.Sleep(pause);
        }
    },
};
if (given.TryGetValue("rate", out var rate))
{
    options.LearningRate = double.Parse(rate, CultureInfo.InvariantCulture);
}

if (given.TryGetValue("checkpoint", out var directory))
{
    options.Checkpoints = new() { Directory = directory, Resume = Is("resume"), Minutes = Is("often") ? 1e-6 : null };
}

if (Number("cancel", -1) == rank)
{
    cancellation.CancelAfter(Number("after", 300));
}

var rows = Number("rows", 80) + (Is("more") && rank == 1 ? 1 : 0);
if (Number("fail", -1) == rank)
{
    options.FeatureColumnName = "Nothing";
}

if (Number("lost", -1) == rank)
{
    options.InitialWeights = InitialWeights.FromFile("lost.safetensors");
}

if (Is("weights"))
{
    options.ExampleWeightColumnName = nameof(Row.Weight);
}

var columns = SchemaDefinition.Create(typeof(Row), SchemaDefinition.Direction.Read);
columns[nameof(Row.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, 1, size, size);
columns[nameof(Row.Label)].ColumnType = new KeyDataViewType(typeof(uint), 3);
var read = 0;
var data = ml.Data.LoadFromEnumerable(Enumerable.Range(0, rows).Select(number => new Row(number, size, () => read++)), columns);
try
{
    if (Is("frozen"))
    {
        options.StartFrom = ml.MulticlassClassification.Trainers.ResNet(options).Fit(data);
        options.FrozenStages = 4;
    }

    using var model = ml.MulticlassClassification.Trainers.ResNet(options).Fit(data);
    model.Model.ExportToSafeTensors(Path.Combine(folder, $"rank{rank}.safetensors"));
    Console.WriteLine($"rank {rank}: {model.Model.Training.Outcome}");
    Console.WriteLine($"rank {rank}: read {read} images");
    return 0;
}
catch (Exception e)
{
    await Console.Error.WriteLineAsync($"rank {rank}: {e.Message}");
    return 1;
}

/// <summary>An image of noise, whose mean tells its class.</summary>
internal sealed class Row(int number, int size, Action onRead)
{
    public byte[] Pixels
    {
        get
        {
            onRead();
            var pixels = new byte[size * size];
            new Random(number).NextBytes(pixels);
            return [.. pixels.Select(pixel => (byte)((pixel / 2) + (40 * Label)))];
        }
    }

    public uint Label => (uint)number % 3;

    public float Weight => number < 8 ? 1 : 0;
}
