using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet;

// Trains a small network on images of noise, alone or under mpirun, and writes what each process has in the end.
// Arguments: name=value.
var given = args.Select(argument => argument.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
int Number(string name, int usual) => given.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : usual;
bool Is(string name) => given.ContainsKey(name);
T? Member<T>(string name)
    where T : struct, Enum => given.TryGetValue(name, out var text) ? Enum.Parse<T>(text) : null;

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
    Precision = Member<ComputePrecision>("precision") ?? ComputePrecision.Float32,
    Augmentation = Member<Augmentation>("augment") ?? Augmentation.None,
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
    ClassWeights = Is("balanced") ? ClassWeights.Balanced : ClassWeights.Equal,
    BestWeightsBy = Member<TrainingMetric>("best"),
    EarlyStopping = Is("patience") ? new() { Patience = Number("patience", 1) } : null,
    Calibrate = Is("calibrate"),
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

if (given.TryGetValue("weights", out var weights))
{
    options.ExampleWeightColumnName = weights == "varied" ? nameof(Row.VariedWeight) : nameof(Row.Weight);
}

var columns = SchemaDefinition.Create(typeof(Row), SchemaDefinition.Direction.Read);
columns[nameof(Row.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, 1, size, size);
columns[nameof(Row.Label)].ColumnType = new KeyDataViewType(typeof(uint), 3);
var read = 0;
var data = ml.Data.LoadFromEnumerable(
    Enumerable.Range(0, rows).Select(number => new Row(number, size, Shown(number), Label(number), () => read++)), columns);
try
{
    if (Is("before"))
    {
        // Three that must leave no trace: one that trains, one that diverges, one that is refused.
        var (seed, learningRate) = (options.Seed, options.LearningRate);
        options.Seed = 9;
        Fit().Dispose();
        options.LearningRate = 1e30;
        FitFails<TrainingDivergedException>();
        options.FeatureColumnName = "Nothing";
        FitFails<ArgumentOutOfRangeException>();
        (options.Seed, options.LearningRate, options.FeatureColumnName) = (seed, learningRate, nameof(Row.Pixels));
    }

    if (Is("frozen") || Is("tuned"))
    {
        var start = Fit();
        var file = Path.Combine(folder, $"start{rank}.safetensors");
        start.Model.ExportToSafeTensors(file);
        if (Is("frozen"))
        {
            (options.StartFrom, options.FrozenStages) = (start, Number("frozen", 4));
        }
        else
        {
            options.InitialWeights = InitialWeights.FromFile(file);
        }
    }

    if (Is("inner"))
    {
        options.EpochCallback += _ =>
        {
            try
            {
                Fit().Dispose();
            }
            catch (InvalidOperationException e)
            {
                Console.WriteLine($"inner: {e.Message}");
            }
        };
    }

    using var model = Fit();
    model.Model.ExportToSafeTensors(Path.Combine(folder, $"rank{rank}.safetensors"));
    var training = model.Model.Training;
    Console.WriteLine($"rank {rank}: {training.Outcome}");
    Console.WriteLine($"rank {rank}: best epoch {training.BestEpoch}");
    Console.WriteLine($"rank {rank}: validation losses {string.Join(' ', training.History.Select(epoch => $"{epoch.ValidationLoss:R}"))}");
    Console.WriteLine($"rank {rank}: temperature {training.Calibration?.Temperature:R}");
    Console.WriteLine($"rank {rank}: read {read} images");
    return 0;
}
catch (Exception e)
{
    await Console.Error.WriteLineAsync($"rank {rank}: {e.Message} ({e.GetType().Name})");
    return 1;
}

// What the mean of an image tells. Of uneven classes the first has two thirds of the images.
uint Shown(int number) => Is("uneven") && number % 2 == 1 ? 0 : (uint)number % 3;

// Of confused images every fourth is said to be of another class.
uint Label(int number) => Is("confused") && number % 4 == 3 ? (Shown(number) + 1) % 3 : Shown(number);

ResNetTransformer Fit() => ml.MulticlassClassification.Trainers.ResNet(options).Fit(data);

void FitFails<T>()
    where T : Exception
{
    try
    {
        Fit().Dispose();
    }
    catch (T)
    {
        return;
    }

    throw new InvalidOperationException($"There was no {typeof(T).Name}.");
}

/// <summary>An image of noise, whose mean tells what it shows.</summary>
internal sealed class Row(int number, int size, uint shown, uint label, Action onRead)
{
    public byte[] Pixels
    {
        get
        {
            onRead();
            var pixels = new byte[size * size];
            new Random(number).NextBytes(pixels);
            return [.. pixels.Select(pixel => (byte)((pixel / 2) + (40 * shown)))];
        }
    }

    public uint Label => label;

    public float Weight => number < 8 ? 1 : 0;

    public float VariedWeight => (1 + (number % 5)) / 2f;
}
