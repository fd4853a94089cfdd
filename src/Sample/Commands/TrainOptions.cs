using System.CommandLine;
using Microsoft.ML;

namespace ResNetMLNet.Sample.Commands;

/// <summary>What the trainer is told on the command line.</summary>
internal sealed class TrainOptions
{
    private readonly Option<TrainingRecipe> _recipe = new("--recipe")
    {
        Description = "fast; best: more accurate and slow; book: that of Dive into Deep Learning, 7.6.",
    };

    private readonly Option<int?> _epochs = new("--epochs") { Description = "Passes over the training images." };

    private readonly Option<int?> _batchSize = new("--batch-size") { Description = "Images a step." };

    private readonly Option<double?> _learningRate = new("--learning-rate") { Description = "The (highest) learning rate." };

    private readonly Option<int?> _imageSize = new("--image-size")
    {
        Description = "Pixels a side that the network sees. Default: 32; 96 with --recipe book; 128 with --images.",
    };

    private readonly ArchitectureOption _architecture = new();

    private readonly Option<ComputePrecision> _precision = new("--precision")
    {
        Description = "What convolutions compute in: auto, float32 or bfloat16.",
    };

    private readonly DeviceOption _device = new();

    private readonly Option<int?> _threads = new("--threads")
    {
        Description = "Threads on the CPU. Default: one for each processor, fewer while other programs want them.",
    };

    private readonly Option<int> _seed = new("--seed") { Description = "The seed of weights, order and augmentation." };

    private readonly Option<FileInfo?> _startFrom = new("--start-from")
    {
        Description = "A model.zip whose weights training starts from; its classes may be fewer.",
    };

    private readonly Option<FileInfo?> _weights = new("--weights")
    {
        Description = "Weights of another origin to start from: .safetensors, .pth or .onnx of a ResNet; the network is the file's.",
    };

    private readonly Option<bool> _pretrained = new("--pretrained")
    {
        Description = "Starts from a network that was trained on ImageNet.",
    };

    private readonly Option<DirectoryInfo?> _checkpoint = new("--checkpoint")
    {
        Description = "A folder for a checkpoint after each epoch, from which --resume goes on.",
    };

    private readonly Option<bool> _resume = new("--resume")
    {
        Description = "Goes on from the newest checkpoint in the folder of --checkpoint.",
    };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_recipe, _epochs, _batchSize, _learningRate, _imageSize, _precision])
        {
            command.Add(option);
        }

        _architecture.AddTo(command);
        _device.AddTo(command);
        foreach (var option in (Option[])[_threads, _seed, _startFrom, _weights, _pretrained, _checkpoint, _resume])
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetValue(_resume) && result.GetValue(_checkpoint) is null)
            {
                result.AddError("--resume needs --checkpoint DIR, the folder to go on from.");
            }

            bool[] starts = [result.GetValue(_startFrom) is not null, result.GetValue(_weights) is not null, result.GetValue(_pretrained)];
            if (starts.Count(given => given) > 1)
            {
                result.AddError("--start-from, --weights and --pretrained exclude each other: training has one start.");
            }
        });
    }

    public int Seed(ParseResult parsed) => parsed.GetValue(_seed);

    public MLContext CreateContext(ParseResult parsed) => new(Seed(parsed)) { GpuDeviceId = _device.Get(parsed).Gpu };

    /// <summary>The options of a training on these images; what they name is there, or can be made.</summary>
    public ResNetTrainer.Options Get(MLContext ml, ParseResult parsed, Images images)
    {
        var recipe = parsed.GetValue(_recipe);
        return new()
        {
            FeatureColumnName = images.FeatureColumnName,
            ImageChannels = images.ImageChannels,
            Recipe = recipe,
            NumberOfEpochs = parsed.GetValue(_epochs),
            BatchSize = parsed.GetValue(_batchSize),
            LearningRate = parsed.GetValue(_learningRate),
            ImageSize = parsed.GetValue(_imageSize) ?? DefaultImageSize(recipe, images),
            Architecture = _architecture.Get(parsed),
            Precision = parsed.GetValue(_precision),
            Device = _device.Get(parsed).Device,
            Threads = parsed.GetValue(_threads),
            ValidationSet = images.Test,
            TestTimeFlip = recipe != TrainingRecipe.Book,
            StartFrom = parsed.GetValue(_startFrom) is { } zip ? SavedModel.Load(ml, zip, _startFrom.Name).Network : null,
            InitialWeights = Weights(parsed),
            Checkpoints = Checkpoints(parsed),
            OnCancellation = CancellationBehavior.ReturnModel,
        };
    }

    private InitialWeights? Weights(ParseResult parsed) =>
        parsed.GetValue(_pretrained) ? PretrainedWeights.ImageNet :
        parsed.GetValue(_weights) is { } file ? InitialWeights.FromFile(file.FullName) :
        null;

    private CheckpointOptions? Checkpoints(ParseResult parsed)
    {
        if (parsed.GetValue(_checkpoint) is not { } folder)
        {
            return null;
        }

        UsableFolder.Open(folder.FullName, _checkpoint.Name);
        return new() { Directory = folder.FullName, Resume = parsed.GetValue(_resume) };
    }

    private static int DefaultImageSize(TrainingRecipe recipe, Images images) =>
        images.ImageChannels == 3 ? 128 : recipe == TrainingRecipe.Book ? 96 : 32;
}
