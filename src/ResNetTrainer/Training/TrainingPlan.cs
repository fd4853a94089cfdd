using ResNetMLNet.Network;
using ResNetMLNet.Training.Augmenting;
using ResNetMLNet.Training.Optimizing;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>A recipe with every number filled in.</summary>
internal sealed record TrainingPlan
{
    // Erasing makes training harder: measured, it costs accuracy in 10 epochs and gains in 20 (docs/EXPERIMENTS.md).
    private const int LongEpochs = 16;

    // Below, training takes more and smaller steps.
    private const int FewImages = 4_000;

    // From here on nothing is gained by label smoothing, which costs log-loss: measured, it gains with 10,000 and not with 50,000.
    private const int ManyImages = 40_000;

    // What most networks have learnt of any images, and what training leaves as it is where weights come from elsewhere: the stem and the
    // first stage, as torchvision's detectors have it. Measured, training them too gains nothing (docs/EXPERIMENTS.md, "Fine-tuning").
    private const int GeneralStages = 1;

    // Bounds outliers alone, such as a linear layer has that knows its images by heart: of trainings that began with one, some ended at
    // half of the accuracy. A third of it costs accuracy (docs/EXPERIMENTS.md, "Fine-tuning").
    private const double ClippingMultiple = 1;

    public required int Epochs { get; init; }

    /// <summary>Images a step, of all processes together.</summary>
    public required int BatchSize { get; init; }

    /// <summary>The highest learning rate of the schedule.</summary>
    public required double LearningRate { get; init; }

    public required Initialisation Initialisation { get; init; }

    public required Augmentation Augmentation { get; init; }

    /// <summary>The least share of an image that a random crop shows; null without such crops.</summary>
    public double? SmallestCrop { get; init; }

    /// <summary>How much of what <see cref="Augmentation"/> allows is done; null for the usual numbers.</summary>
    public AugmentationPlan? AugmentationNumbers { get; init; }

    /// <summary>Momentum in Nesterov's form; 0 for plain SGD.</summary>
    public double Momentum { get; init; }

    /// <summary>
    /// What the learning rate is multiplied by for the weights of convolutions where <see cref="Muon"/> trains them; null for SGD, as all
    /// else. Needs <see cref="Momentum"/>.
    /// </summary>
    public double? MuonMultiplier { get; init; }

    /// <summary>
    /// The largest norm of all gradients of a step together, to which larger ones are scaled down: as a multiple of the largest that a
    /// linear layer's can be for one image whose features have a mean square of 1, the root of twice their number. Null for any.
    /// </summary>
    public double? GradientClipping { get; init; }

    /// <summary>L2 decay of the weights; biases and normalisation are not decayed.</summary>
    public double WeightDecay { get; init; }

    /// <summary>The share of the truth that is spread over all classes alike (Szegedy et al., 2016); 0 for none.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>The share of all steps in which the learning rate rises; null for a constant rate.</summary>
    public double? Warmup { get; init; }

    /// <summary>How the learning rate falls after it has risen; null for linearly.</summary>
    public LearningRateDecay? Decay { get; init; }

    /// <summary>
    /// Scores with a moving average of the weights, which keeps this share of itself in a step (less in the first steps); null for the
    /// weights themselves.
    /// </summary>
    public double? AveragingDecay { get; init; }

    /// <summary>The side of the first images, as a share of the full one; 1 for images of one size.</summary>
    public double InitialImageScale { get; init; } = 1;

    /// <summary>The share of all steps after which images have their full size.</summary>
    public double GrownAfter { get; init; } = 0.75;

    /// <summary>What the learning rate of the layers before the linear one is multiplied by; null for nothing.</summary>
    public double? BodyLearningRateMultiplier { get; init; }

    /// <summary>Whether features are made to have a mean square of 1 at the start; see <see cref="Training.UnitFeatures"/>.</summary>
    public bool? UnitFeatures { get; init; }

    /// <summary>Whether the running statistics of normalisation are used in training too, and stay as they are.</summary>
    public bool? FrozenStatistics { get; init; }

    /// <summary>Stages that are left as they are, with the stem; null for none.</summary>
    public int? FrozenStages { get; init; }

    public ClassWeights ClassWeights { get; init; }

    public EarlyStopping? EarlyStopping { get; init; }

    /// <summary>The metric whose best epoch gives the weights; null for the last epoch's.</summary>
    public TrainingMetric? BestWeightsBy { get; init; }

    public required long Seed { get; init; }

    public required ScalarType Precision { get; init; }

    /// <summary>Fills in the recipe that is asked for.</summary>
    public static TrainingPlan Create(RecipeRequest request)
    {
        var plan = request.Recipe switch
        {
            TrainingRecipe.Book => new()
            {
                Epochs = request.Epochs ?? 10,
                BatchSize = BatchSizeOf(request, 256),
                LearningRate = request.LearningRate ?? 0.05,
                LabelSmoothing = request.LabelSmoothing ?? 0,
                BodyLearningRateMultiplier = request.BodyLearningRateMultiplier,
                FrozenStages = request.FrozenStages,
                Initialisation = Initialisation.Xavier,
                Augmentation = request.Augmentation ?? Augmentation.None,
                Seed = request.Seed,
                Precision = request.Precision,
            },
            TrainingRecipe.Best => Decaying(request, request.Start switch
            {
                _ when request.OnlyHead => 100,
                TrainingStart.Model => 15,
                TrainingStart.TunedModel => 3 * EpochsOfTuningFurther(request),
                TrainingStart.Weights => 3 * EpochsOfFineTuning(request),
                _ => Math.Max(50, EpochsOfFew(request)),
            }) with
            {
                InitialImageScale = request.OnlyHead || request.FineTunes || IsKeptWhole(request) ? 1 : 0.6,
            },
            _ => Decaying(request, request.Start switch
            {
                _ when request.OnlyHead => 30,
                TrainingStart.Model => 3,
                TrainingStart.TunedModel => EpochsOfTuningFurther(request),
                TrainingStart.Weights => EpochsOfFineTuning(request),
                _ when IsOfFew(request) => Math.Max(20, EpochsOfFew(request)),
                _ => 10,
            }),
        };
        return plan with { SmallestCrop = plan.Augmentation.HasFlag(Augmentation.RandomResizedCrop) ? request.SmallestCrop : null };
    }

    /// <summary>The changes to images in numbers.</summary>
    public AugmentationPlan ToAugmentation() => AugmentationNumbers ?? AugmentationPlan.Of(Augmentation, SmallestCrop);

    /// <summary>
    /// Whether the network sees the same images in each epoch and all before its linear layer is frozen, so that what that layer sees can
    /// be kept.
    /// </summary>
    public bool TrainsOnFeatures(NetworkPlan network) =>
        FrozenStages == network.Stages.Length && !ToAugmentation().ChangesImages && InitialImageScale == 1;

    /// <summary>Batches that a pass over so many images has; the last one may be smaller.</summary>
    public long StepsPerEpoch(long images) => (images + BatchSize - 1) / BatchSize;

    // What Fast and Best have in common.
    private static TrainingPlan Decaying(RecipeRequest request, int usualEpochs)
    {
        var epochs = request.Epochs ?? usualEpochs;
        var batchSize = BatchSizeOf(request, DecayingBatchSize(request.Images));
        var augmentation = request.Augmentation ?? AugmentationOf(request, epochs);
        return new()
        {
            Epochs = epochs,
            BatchSize = batchSize,
            LearningRate = request.LearningRate ?? LearningRateOf(request, batchSize, augmentation),
            Initialisation = Initialisation.He,
            Augmentation = augmentation,
            BodyLearningRateMultiplier = request.BodyLearningRateMultiplier,
            FrozenStages = request.FrozenStages ?? (request.FineTunes ? GeneralStages : null),
            FrozenStatistics = request.FineTunes ? true : null,
            UnitFeatures = request.FineTunes && request.Start == TrainingStart.Weights ? true : null,
            Momentum = 0.9,
            MuonMultiplier = request.TrainsByMuon ? Math.Sqrt(64.0 / batchSize) : null,
            GradientClipping = request.FineTunes && !request.IsOlderThanClipping ? ClippingMultiple : null,
            WeightDecay = 5e-4,

            // Measured with Muon: without it, most of what that gains is learnt by heart (docs/EXPERIMENTS.md).
            LabelSmoothing = request.LabelSmoothing ?? (request.TrainsByMuon && request.Images < ManyImages ? 0.1 : 0),
            Warmup = request.TrainsByMuon ? 0.1 : 0.25,
            Seed = request.Seed,
            Precision = request.Precision,
        };
    }

    // However few images there are, some steps have to be done.
    private static int EpochsOfFineTuning(RecipeRequest request) => EpochsOfSteps(request, steps: 100, least: 10, most: 50);

    // Fresh weights have more to learn: measured, for 300 steps and more (docs/EXPERIMENTS.md, "Few images").
    private static int EpochsOfFew(RecipeRequest request) =>
        IsOfFew(request) ? EpochsOfSteps(request, steps: 400, least: 1, most: 200) : 0;

    private static int EpochsOfSteps(RecipeRequest request, long steps, int least, int most)
    {
        var batchSize = BatchSizeOf(request, DecayingBatchSize(request.Images));
        return (int)Math.Clamp(((steps * batchSize) + request.Images - 1) / Math.Max(1, request.Images), least, most);
    }

    // Measured, a third of them is enough (docs/EXPERIMENTS.md, "Fine-tuning").
    private static int EpochsOfTuningFurther(RecipeRequest request) => (EpochsOfFineTuning(request) + 2) / 3;

    // In proportion to the batch. Few small images that are mirrored at most are soon learnt by heart, against which a high rate helps: as
    // much for their own, smaller batch. Where they are changed more, it costs accuracy, and half of it is better unless there are very
    // few; larger networks for larger ones gain nothing (docs/EXPERIMENTS.md, "Learning rate").
    private static double LearningRateOf(RecipeRequest request, int batchSize, Augmentation augmentation)
    {
        var isChangedMuch = IsOfSmall(request) && request.Images >= FewImages && augmentation.HasFlag(Augmentation.RandomErasing);
        var rate = request.FineTunes ? 0.008 : request.Start != TrainingStart.Nothing || isChangedMuch ? 0.05 : 0.1;
        var isMirroredAtMost = (augmentation | Augmentation.Flip) == Augmentation.Flip;
        return rate * batchSize / (IsOfSmall(request) && isMirroredAtMost ? DecayingBatchSize(request.Images) : 128);
    }

    // The linear layer alone learns as much from images as they are, and then sees them in milliseconds.
    private static Augmentation AugmentationOf(RecipeRequest request, int epochs) => request.Recipe switch
    {
        _ when request.OnlyHead => Augmentation.None,
        _ when epochs < LongEpochs => Augmentation.Flip,
        TrainingRecipe.Fast when IsOfFew(request) => Augmentation.Flip,
        TrainingRecipe.Best when IsOfSmall(request) => Augmentation.Flip | Augmentation.Shift | Augmentation.RandomErasing,
        _ => Augmentation.Flip | Augmentation.Erase,
    };

    private static bool IsOfFew(RecipeRequest request) => request.Images < FewImages && request.TrainsByMuon;

    // A network for small images sees little of smaller ones; what began with them goes on so.
    private static bool IsKeptWhole(RecipeRequest request) => request.SmallImages && !request.IsOlderThanMuon;

    private static bool IsOfSmall(RecipeRequest request) => request.SmallImages && request.TrainsByMuon;

    // That of all processes together. There is no larger one than of all images, and the learning rate is that of the batch there is.
    private static int BatchSizeOf(RecipeRequest request, int usual) =>
        (int)Math.Min((long)(request.BatchSize ?? usual) * request.Processes, Math.Max(2, request.Images));

    private static int DecayingBatchSize(long images) => images switch
    {
        < FewImages => 32,
        < 20_000 => 64,
        _ => 128,
    };
}
