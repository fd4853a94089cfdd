using ResNetMLNet.Network;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>A recipe with every number filled in.</summary>
internal sealed record TrainingPlan
{
    // Erasing makes training harder: measured, it costs accuracy in 10 epochs and gains in 20 (docs/BENCHMARKS.md, "Recipes").
    private const int LongEpochs = 16;

    public required int Epochs { get; init; }

    public required int BatchSize { get; init; }

    /// <summary>The highest learning rate of the schedule.</summary>
    public required double LearningRate { get; init; }

    public required Initialisation Initialisation { get; init; }

    public required Augmentation Augmentation { get; init; }

    /// <summary>Momentum in Nesterov's form; 0 for plain SGD.</summary>
    public double Momentum { get; init; }

    /// <summary>L2 decay of the weights; biases and normalisation are not decayed.</summary>
    public double WeightDecay { get; init; }

    public double LabelSmoothing { get; init; }

    /// <summary>The share of all steps in which the learning rate rises; null for a constant rate.</summary>
    public double? Warmup { get; init; }

    /// <summary>The side of the first pictures, as a share of the full one; 1 for pictures of one size.</summary>
    public double SmallestPictures { get; init; } = 1;

    /// <summary>The share of all steps after which pictures have their full size.</summary>
    public double GrownAfter { get; init; } = 0.75;

    /// <summary>Stages that are left as they are, with the stem; null for none.</summary>
    public int? FrozenStages { get; init; }

    public ClassWeights ClassWeights { get; init; }

    public EarlyStopping? EarlyStopping { get; init; }

    /// <summary>The metric whose best epoch gives the weights; null for the last epoch's.</summary>
    public TrainingMetric? BestWeightsBy { get; init; }

    public required long Seed { get; init; }

    public required ScalarType Precision { get; init; }

    /// <summary>Fills in a recipe for a number of pictures; one that continues begins with weights that were trained before.</summary>
    public static TrainingPlan Create(
        TrainingRecipe recipe, int? epochs, int? batchSize, double? learningRate, Augmentation? augmentation, long pictures, bool continues, long seed, ScalarType precision) =>
        recipe switch
        {
            TrainingRecipe.Book => new()
            {
                Epochs = epochs ?? 10,
                BatchSize = batchSize ?? 256,
                LearningRate = learningRate ?? 0.05,
                Initialisation = Initialisation.Xavier,
                Augmentation = augmentation ?? Augmentation.None,
                Seed = seed,
                Precision = precision,
            },
            TrainingRecipe.Best => Decaying(epochs ?? (continues ? 15 : 50), batchSize ?? DecayingBatchSize(pictures), learningRate, augmentation, continues, seed, precision) with
            {
                SmallestPictures = 0.6,
            },
            _ => Decaying(epochs ?? (continues ? 3 : 10), batchSize ?? DecayingBatchSize(pictures), learningRate, augmentation, continues, seed, precision),
        };

    /// <summary>The learning rate as a pure function of the step.</summary>
    public double LearningRateAt(long step, long steps)
    {
        if (Warmup is not { } share)
        {
            return LearningRate;
        }

        // Linear up, linear down to zero (Smith, 2018; Jordan, 2024), sampled in the middle of each step.
        var progress = (step + 0.5) / steps;
        return LearningRate * (progress < share ? progress / share : (1 - progress) / (1 - share));
    }

    // What Fast and Best have in common.
    private static TrainingPlan Decaying(
        int epochs, int batchSize, double? learningRate, Augmentation? augmentation, bool continues, long seed, ScalarType precision) => new()
        {
            Epochs = epochs,
            BatchSize = batchSize,
            LearningRate = learningRate ?? (continues ? 0.05 : 0.1) * batchSize / 128,
            Initialisation = Initialisation.He,
            Augmentation = augmentation ?? (epochs < LongEpochs ? Augmentation.Flip : Augmentation.Flip | Augmentation.Erase),
            Momentum = 0.9,
            WeightDecay = 5e-4,
            Warmup = 0.25,
            Seed = seed,
            Precision = precision,
        };

    // Few pictures need smaller batches to get enough steps.
    private static int DecayingBatchSize(long pictures) => pictures switch
    {
        < 4_000 => 32,
        < 20_000 => 64,
        _ => 128,
    };
}
