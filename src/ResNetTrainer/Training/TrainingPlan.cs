using ResNetMLNet.Network;
using ResNetMLNet.Training.Augmenting;
using ResNetMLNet.Training.Optimizing;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>A recipe with every number filled in (by <see cref="Recipes"/>).</summary>
internal sealed record TrainingPlan
{
    public required int Epochs { get; init; }

    /// <summary>Images a step, of all processes together.</summary>
    public required int BatchSize { get; init; }

    /// <summary>The highest learning rate of the schedule.</summary>
    public required double LearningRate { get; init; }

    public required Initialisation Initialisation { get; init; }

    public required Augmentation Augmentation { get; init; }

    /// <summary>The least share of an image that a random crop shows; null without such crops.</summary>
    public double? SmallestCrop { get; init; }

    /// <summary>The degrees by which a random rotation turns an image at most; null without.</summary>
    public double? LargestRotation { get; init; }

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

    /// <summary>Stages that are left as they are, with the stem; null for nothing, and a stem that is trained.</summary>
    public int? FrozenStages { get; init; }

    /// <summary>
    /// The share of the images that are known already that an epoch leaves out (<see cref="Training.DataPruning"/>); null for none.
    /// </summary>
    public double? DataPruning { get; init; }

    /// <summary>Whether convolutions are computed by Winograd's algorithm where it suits them; null for not.</summary>
    public bool? Winograd { get; init; }

    public ClassWeights ClassWeights { get; init; }

    public EarlyStopping? EarlyStopping { get; init; }

    /// <summary>The metric whose best epoch gives the weights; null for the last epoch's.</summary>
    public TrainingMetric? BestWeightsBy { get; init; }

    public required int Seed { get; init; }

    public required ScalarType Precision { get; init; }

    /// <summary>The changes to images in numbers.</summary>
    public AugmentationPlan ToAugmentation() => AugmentationNumbers ?? AugmentationPlan.Of(Augmentation, SmallestCrop, LargestRotation);

    /// <summary>
    /// Whether the network sees the same images in each epoch and all before its linear layer is frozen, so that what that layer sees can
    /// be kept.
    /// </summary>
    /// <param name="stages">The stages of the network.</param>
    public bool TrainsOnFeatures(int stages) =>
        FrozenStages == stages && !ToAugmentation().ChangesImages && InitialImageScale == 1;

    /// <summary>Batches that a pass over so many images has; the last one may be smaller.</summary>
    public long StepsPerEpoch(long images) => (images + BatchSize - 1) / BatchSize;
}
