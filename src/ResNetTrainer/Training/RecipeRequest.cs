using ResNetMLNet.Training.Optimizing;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>A recipe, and what decides or replaces its numbers.</summary>
internal sealed record RecipeRequest
{
    public required TrainingRecipe Recipe { get; init; }

    public int? Epochs { get; init; }

    /// <summary>Of each process.</summary>
    public int? BatchSize { get; init; }

    /// <summary>How many processes train together.</summary>
    public int Processes { get; init; } = 1;

    public double? LearningRate { get; init; }

    public double? LabelSmoothing { get; init; }

    public double? BodyLearningRateMultiplier { get; init; }

    public Augmentation? Augmentation { get; init; }

    /// <summary>Whether the recipe may mirror images.</summary>
    public bool AllowFlip { get; init; } = true;

    public double? SmallestCrop { get; init; }

    /// <summary>The degrees by which random rotations turn an image at most, where it has them.</summary>
    public double? LargestRotation { get; init; }

    /// <summary>How old the training is that goes on from a checkpoint.</summary>
    public RecipeAge Age { get; init; }

    /// <summary>The number of training images.</summary>
    public required long Images { get; init; }

    /// <summary>Whether they are of the size that networks for small images are made for.</summary>
    public bool SmallImages { get; init; }

    /// <summary>Whether they have colours: then they are taken for photographs, whose things are not centred.</summary>
    public bool InColor { get; init; }

    /// <summary>What training begins with.</summary>
    public TrainingStart Start { get; init; }

    /// <summary>Stages that are left as they are, with the stem; -1 for nothing at all; null leaves it to the recipe.</summary>
    public int? FrozenStages { get; init; }

    /// <summary>Whether running statistics are used in training too, and stay as they are; null leaves it to the recipe.</summary>
    public bool? FrozenStatistics { get; init; }

    /// <summary>The stages of the network.</summary>
    public int Stages { get; init; } = 4;

    /// <summary>Whether all before the linear layer is frozen.</summary>
    public bool OnlyHead => FrozenStages == Stages;

    /// <summary>Whether weights from elsewhere are trained further, and not the linear layer alone.</summary>
    public bool FineTunes => Start is TrainingStart.Weights or TrainingStart.TunedModel && !OnlyHead;

    /// <summary>Whether <see cref="Muon"/> trains the convolutions: weights that are good already are to change little.</summary>
    public bool TrainsByMuon => Start == TrainingStart.Nothing && Age < RecipeAge.BeforeMuon;

    /// <summary>Whether convolutions may be computed by Winograd's algorithm, which changes their last bits.</summary>
    public bool Winograd { get; init; }

    public required int Seed { get; init; }

    public required ScalarType Precision { get; init; }
}

/// <summary>What training begins with.</summary>
internal enum TrainingStart
{
    Nothing,

    /// <summary>A model of this library, whose classes it may know.</summary>
    Model,

    /// <summary>Such a model, which itself began with weights of another origin.</summary>
    TunedModel,

    /// <summary>Weights of another origin.</summary>
    Weights,
}

/// <summary>When a training began: it goes on without what recipes have had only since then. The older, the higher.</summary>
internal enum RecipeAge
{
    Current,

    /// <summary>Small images in colour were not shifted.</summary>
    BeforeShifts,

    /// <summary>Gradients were not clipped in fine-tuning.</summary>
    BeforeClipping,

    /// <summary>Fresh convolutions were trained by SGD too.</summary>
    BeforeMuon,
}
