using System.CommandLine;
using Microsoft.ML;
using ResNetMLNet.Sample.Files;
using ResNetMLNet.Sample.Images;

namespace ResNetMLNet.Sample.Commands;

/// <summary>What the trainer is told on the command line.</summary>
internal sealed class TrainOptions
{
    private readonly Option<TrainingRecipe> _recipe = Parsed.Name(
        "--recipe",
        "fast; best: more accurate and slow; book: that of Dive into Deep Learning, 7.6.",
        TrainingRecipe.Fast,
        TrainingRecipe.Best,
        TrainingRecipe.Book);

    private readonly Option<int?> _epochs =
        Parsed.Integer("--epochs", "N", "Passes over the training images. Default: the recipe's.", least: 1);

    private readonly Option<int?> _batchSize = Parsed.Integer("--batch-size", "N", "Images a step. Default: the recipe's.", least: 2);

    private readonly Option<double?> _learningRate =
        Parsed.Positive("--learning-rate", "RATE", "The (highest) learning rate. Default: the recipe's.");

    private readonly ImageSizeOption _imageSize = new();

    private readonly Option<ResizeMode?> _resizeMode = Parsed.OptionalName(
        "--resize-mode",
        "What becomes of images that are not square: they are stretched, or cut, or get a margin. Default: centercrop; that of the model "
            + "with --start-from.",
        ResizeMode.Stretch,
        ResizeMode.CenterCrop,
        ResizeMode.Pad);

    private readonly ArchitectureOption _architecture = new(
        "with --pretrained, --weights or --start-from that of the weights; else "
            + $"{ResNetArchitecture.NarrowResNet18.Name} for images of up to 40 pixels a side "
            + $"({ResNetArchitecture.HalfResNet18.Name} with --recipe best), "
            + $"{ResNetArchitecture.BookResNet18.Name} for larger ones and with --recipe book");

    private readonly Option<ComputePrecision> _precision = Parsed.Name(
        "--precision",
        "What convolutions compute in; auto is bfloat16 where the hardware has it.",
        ComputePrecision.Auto,
        ComputePrecision.Float32,
        ComputePrecision.BFloat16);

    private readonly DeviceOption _device = new();

    private readonly Option<int?> _threads = Parsed.Integer(
        "--threads",
        "N",
        "Threads on the CPU. Default: one for each processor, fewer while other programs want them.",
        least: 1,
        most: 1024);

    private readonly Option<int?> _seed =
        Parsed.Integer("--seed", "N", "The seed of weights, order and augmentation. Default: 0.");

    private readonly StartOptions _start = new();

    private readonly Option<bool> _noFlip = new("--no-flip")
    {
        Description = "Never mirrors images, neither in training nor in scoring: where left and right matter (digits, text, arrows). "
            + "Default with --start-from: as that model was trained.",
    };

    private readonly Option<Augmentation?> _augmentation = Parsed.Flags<Augmentation>(
        "--augmentation",
        "CHANGES",
        $"The random changes of images in training: {string.Join(", ", Enum.GetValues<Augmentation>()).ToLowerInvariant()}; some of them "
            + "with commas (flip,verticalflip,rotation for what is seen from above). Without flip nothing is mirrored, as with --no-flip. "
            + "Default: the recipe's.");

    private readonly Option<ClassWeights> _classWeights = Parsed.Name(
        "--class-weights",
        "How much each class counts: equal, by its number of images; balanced, all classes alike.",
        ClassWeights.Equal,
        ClassWeights.Balanced);

    private readonly Option<DirectoryInfo?> _checkpoint = new("--checkpoint")
    {
        HelpName = "DIR",
        Description = "A folder for a checkpoint after each epoch, from which --resume goes on.",
    };

    private readonly Option<bool> _resume = new("--resume")
    {
        Description = "Goes on from the newest checkpoint in the folder of --checkpoint.",
    };

    public Option<DirectoryInfo?> Checkpoint => _checkpoint;

    public void AddTo(Verb command)
    {
        command.Add("Network", _architecture.Option, _imageSize.Option, _resizeMode);
        _start.AddTo(command);
        command.Add("Training", _recipe, _epochs, _batchSize, _learningRate, _noFlip, _augmentation, _classWeights, _seed);
        command.Add("Machine", _device.Option, _precision, _threads);
        command.Add("Checkpoints", _checkpoint, _resume);
        command.Check(result =>
        {
            if (result.GetValue(_resume) && result.GetValue(_checkpoint) is null)
            {
                result.AddError("--resume needs --checkpoint DIR, the folder to go on from.");
            }

            if (result.GetValue(_noFlip) && result.GetValue(_augmentation)?.HasFlag(Augmentation.Flip) == true)
            {
                result.AddError("--no-flip mirrors nothing, and flip in --augmentation does: leave out one of them.");
            }
        });
    }

    public int Seed(ParseResult parsed) => parsed.GetValue(_seed) ?? 0;

    /// <summary>What training starts from, by name.</summary>
    public string Start(ParseResult parsed) => _start.Name(parsed);

    public MLContext CreateContext(ParseResult parsed) => new(Seed(parsed)) { GpuDeviceId = _device.Get(parsed).Gpu };

    /// <summary>A sentence with the command that goes on from where a training was cancelled.</summary>
    /// <param name="parsed">The command that began it.</param>
    /// <param name="model">The model that it left; null where that has learnt too little to be trained further.</param>
    public string WayOn(ParseResult parsed, string? model)
    {
        var given = parsed.Tokens.Select(token => token.Value).ToList();
        var hasCheckpoint = parsed.GetValue(_checkpoint) is not null;
        if (hasCheckpoint && !parsed.GetValue(_resume))
        {
            given.Add(_resume.Name);
        }
        else if (!hasCheckpoint && model is not null)
        {
            _start.Replace(given, model);
        }

        var command = ProgramName.Command(given);
        return hasCheckpoint ? $"Go on with: {command}"
            : $"Only {_checkpoint.Name} DIR lets a training go on as if nothing had been; "
                + (model is null ? "begin again" : "train this model further, by a new schedule,") + $" with: {command}";
    }

    /// <summary>The options of a training on these images; what they name is there, or can be made.</summary>
    public ResNetTrainer.Options Get(MLContext ml, ParseResult parsed, ImageSets images)
    {
        var recipe = parsed.GetValue(_recipe);
        var start = _start.Model(ml, parsed);
        var weights = _start.Weights(parsed);
        var augmentation = parsed.GetValue(_augmentation);

        // Whoever says what is done to images says whether they are mirrored, too.
        var flips = augmentation is { } said
            ? said.HasFlag(Augmentation.Flip)
            : !parsed.GetValue(_noFlip) && start?.Model.Training.NeverFlipped != true;
        return new()
        {
            FeatureColumnName = images.FeatureColumnName,
            ImageChannels = images.ImageChannels,
            Recipe = recipe,
            NumberOfEpochs = parsed.GetValue(_epochs),
            BatchSize = parsed.GetValue(_batchSize),
            LearningRate = parsed.GetValue(_learningRate),
            ImageSize = _imageSize.Get(ml, parsed, images, recipe, start?.Model, weights is not null),
            ResizeMode = parsed.GetValue(_resizeMode) ?? start?.Model.ResizeMode ?? ResizeMode.CenterCrop,
            Architecture = _architecture.Get(parsed),
            Precision = parsed.GetValue(_precision),
            Device = _device.Get(parsed).Device,
            Threads = parsed.GetValue(_threads),
            ValidationSet = images.Test,
            AllowFlip = flips,
            Augmentation = augmentation,
            TestTimeAugmentation = flips && recipe != TrainingRecipe.Book ? TestTimeAugmentation.Flip : TestTimeAugmentation.None,
            ClassWeights = parsed.GetValue(_classWeights),
            StartFrom = start,
            InitialWeights = weights,
            FrozenStages = _start.FrozenStages(parsed),
            Checkpoints = Checkpoints(parsed),
            OnCancellation = CancellationBehavior.ReturnModel,
        };
    }

    /// <summary>What whoever trains on images of their own should know, and may not: a line each.</summary>
    public static IEnumerable<string> Hints(ResNetTrainer.Options options)
    {
        if (options is { StartFrom: null, InitialWeights: null, Architecture: null, Checkpoints: not { Resume: true } })
        {
            yield return "training starts from scratch; --pretrained starts from ImageNet's weights, which is more accurate unless there "
                + "are very many images";
        }

        if (options is { AllowFlip: true, Recipe: not TrainingRecipe.Book, Augmentation: null })
        {
            yield return "images are mirrored; where left and right matter, give --no-flip";
        }
        else if (options is { AllowFlip: false, StartFrom: not null, Augmentation: null })
        {
            yield return "images are not mirrored";
        }

        if (options is { FrozenStages: 4, Augmentation: not (null or Augmentation.None) })
        {
            yield return "the features of images that change are computed anew in each epoch; without --augmentation they are "
                + "computed once";
        }

        if (options.ClassWeights == ClassWeights.Balanced)
        {
            yield return "all classes count alike in the accuracies of the epochs, rare ones too; in the test accuracy at the end all "
                + "images do";
        }
    }

    /// <summary>Makes the folder of checkpoints, if there shall be any, and tries it.</summary>
    public void OpenCheckpoints(ParseResult parsed)
    {
        if (parsed.GetValue(_checkpoint) is { } folder)
        {
            UsableFolder.Open(folder.FullName, _checkpoint.Name);
        }
    }

    private CheckpointOptions? Checkpoints(ParseResult parsed) => parsed.GetValue(_checkpoint) is { } folder
        ? new() { Directory = folder.FullName, Resume = parsed.GetValue(_resume) }
        : null;
}
