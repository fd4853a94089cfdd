using ResNetMLNet.Network;
using ResNetMLNet.Training.Augmenting;

namespace ResNetMLNet.Training;

/// <summary>The recipes: what each of them makes of the images, and of what users say.</summary>
internal static class Recipes
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

    /// <summary>Fills in the recipe that is asked for.</summary>
    public static TrainingPlan Fill(RecipeRequest request)
    {
        var plan = request.Recipe switch
        {
            TrainingRecipe.Book => new TrainingPlan()
            {
                Epochs = request.Epochs ?? 10,
                BatchSize = BatchSizeOf(request, 256),
                LearningRate = request.LearningRate ?? 0.05,
                LabelSmoothing = request.LabelSmoothing ?? 0,
                BodyLearningRateMultiplier = request.BodyLearningRateMultiplier,
                FrozenStages = FrozenStagesOf(request),
                FrozenStatistics = request.FrozenStatistics == true ? true : null,
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
        return plan with
        {
            SmallestCrop = plan.Augmentation.HasFlag(Augmentation.RandomResizedCrop)
                ? request.SmallestCrop ?? RandomAffine.UsualCrop
                : null,
            LargestRotation = plan.Augmentation.HasFlag(Augmentation.Rotation)
                ? request.LargestRotation ?? RandomAffine.UsualRotation
                : null,
        };
    }

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
            FrozenStages = FrozenStagesOf(request),
            FrozenStatistics = request.FrozenStatistics ?? request.FineTunes ? true : null,
            UnitFeatures = request.FineTunes && request.Start == TrainingStart.Weights ? true : null,
            Momentum = 0.9,
            MuonMultiplier = request.TrainsByMuon ? Math.Sqrt(64.0 / batchSize) : null,
            GradientClipping = request.FineTunes && request.Age < RecipeAge.BeforeClipping ? ClippingMultiple : null,
            WeightDecay = 5e-4,

            // Measured with Muon: without it, most of what that gains is learnt by heart (docs/EXPERIMENTS.md).
            LabelSmoothing = request.LabelSmoothing ?? (request.TrainsByMuon && request.Images < ManyImages ? 0.1 : 0),
            Warmup = request.TrainsByMuon ? 0.1 : 0.25,
            Winograd = request.Winograd ? true : null,
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

    private static int? FrozenStagesOf(RecipeRequest request)
    {
        var usual = request.FineTunes && request.Recipe != TrainingRecipe.Book ? GeneralStages : (int?)null;
        return (request.FrozenStages ?? usual) is >= 0 and var stages ? stages : null;
    }

    private static Augmentation AugmentationOf(RecipeRequest request, int epochs) =>
        UsualAugmentationOf(request, epochs) & (request.AllowFlip ? (Augmentation)~0 : ~Augmentation.Flip);

    // The linear layer alone learns as much from images as they are, and then sees them in milliseconds.
    private static Augmentation UsualAugmentationOf(RecipeRequest request, int epochs) => request.Recipe switch
    {
        _ when request.OnlyHead => Augmentation.None,

        // Measured on CIFAR-10; on garments, which are centred, shifts cost accuracy in short trainings (docs/EXPERIMENTS.md).
        _ when epochs < LongEpochs && IsShifted(request) => Augmentation.Flip | Augmentation.Shift,
        _ when epochs < LongEpochs => Augmentation.Flip,
        TrainingRecipe.Fast when IsOfFew(request) => Augmentation.Flip,
        TrainingRecipe.Best when IsOfSmall(request) => Augmentation.Flip | Augmentation.Shift | Augmentation.RandomErasing,
        _ => Augmentation.Flip | Augmentation.Erase,
    };

    private static bool IsOfFew(RecipeRequest request) => request.Images < FewImages && request.TrainsByMuon;

    private static bool IsShifted(RecipeRequest request) =>
        IsOfSmall(request) && request.InColor && request.Images >= FewImages && request.Age < RecipeAge.BeforeShifts;

    // A network for small images sees little of smaller ones; what began with them goes on so.
    private static bool IsKeptWhole(RecipeRequest request) => request.SmallImages && request.Age < RecipeAge.BeforeMuon;

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
