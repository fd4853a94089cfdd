using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Decoding;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet;

public sealed partial class ResNetTrainer
{
    // What the options may be.
    public sealed partial class Options
    {
        internal void Check(IExceptionContext context)
        {
            Names(context);
            context.Require(ImageChannels is null or 1 or 3, nameof(ImageChannels), ImageChannels, "1 (grey) or 3 (red, green, blue)");
            context.Require(MaximumImagePixels is null or (>= 1 and <= EncodedImage.LargestMaximumPixels), nameof(MaximumImagePixels),
                MaximumImagePixels,
                $"between 1 and {EncodedImage.LargestMaximumPixels} pixels");
            context.Require(Enum.IsDefined(UnreadableImages), nameof(UnreadableImages), UnreadableImages, "Fail or Skip");
            context.Require(ImageSize is null or (>= 1 and <= NetworkLimits.MostPixelsOfASide), nameof(ImageSize), ImageSize,
                "between 1 and 4096 pixels");
            context.Require(NumberOfEpochs is null or >= 1, nameof(NumberOfEpochs), NumberOfEpochs, "at least 1");
            context.Require(BatchSize is null or >= 2, nameof(BatchSize), BatchSize,
                "at least 2, because batch normalisation compares images");
            context.Require(LearningRate is null or (> 0 and < double.PositiveInfinity), nameof(LearningRate), LearningRate,
                "positive and finite");
            context.Require(LabelSmoothing is null or (>= 0 and < 1), nameof(LabelSmoothing), LabelSmoothing, "at least 0 and below 1");
            context.Require(DataPruning is null or (>= 0 and < 1), nameof(DataPruning), DataPruning, "at least 0 and below 1");
            var mixes = (Augmentation & (ResNetMLNet.Augmentation.Mixup | ResNetMLNet.Augmentation.CutMix)) is not null and not 0;
            context.Require(DataPruning is null or 0 || !mixes, nameof(DataPruning), DataPruning,
                "null or 0 with Augmentation.Mixup or CutMix: the loss of mixed images does not tell which are known");
            context.Require(Enum.IsDefined(TestTimeAugmentation), nameof(TestTimeAugmentation), TestTimeAugmentation,
                "None, Flip or FlipAndShift");
            var flips = Augmentation?.HasFlag(ResNetMLNet.Augmentation.Flip) == true;
            context.Require(AllowFlip != false || !flips, nameof(Augmentation), Augmentation,
                "without Flip where AllowFlip is false");
            context.Require(AllowFlip != false || TestTimeAugmentation == TestTimeAugmentation.None, nameof(TestTimeAugmentation),
                TestTimeAugmentation,
                "None where AllowFlip is false: it scores mirror images too");
            context.Require(LargestRotation is null or (> 0 and <= 180), nameof(LargestRotation), LargestRotation,
                "above 0 and at most 180 degrees");
            context.Require(SmallestCrop is null or (> 0 and <= 1), nameof(SmallestCrop), SmallestCrop, "above 0 and at most 1");
            var turns = Augmentation?.HasFlag(ResNetMLNet.Augmentation.Rotation) == true;
            context.Require(LargestRotation is null || turns, nameof(LargestRotation), LargestRotation,
                "null without Augmentation.Rotation");
            var crops = Augmentation?.HasFlag(ResNetMLNet.Augmentation.RandomResizedCrop) == true;
            context.Require(SmallestCrop is null || crops, nameof(SmallestCrop), SmallestCrop,
                "null without Augmentation.RandomResizedCrop");
            context.Require(Augmentation is null or (>= 0 and < (Augmentation)2048), nameof(Augmentation), Augmentation,
                "a combination of Augmentation's members");
            context.Require(MemoryBudget is null or >= 0, nameof(MemoryBudget), MemoryBudget, "at least 0 bytes");
            context.Require(Threads is null or (>= 1 and <= 1024), nameof(Threads), Threads, "between 1 and 1024");
            context.Require(Enum.IsDefined(Device), nameof(Device), Device, "Auto, Cpu or Cuda");
            context.Require(Enum.IsDefined(Precision), nameof(Precision), Precision, "Auto, Float32 or BFloat16");
            context.Require(Enum.IsDefined(Recipe), nameof(Recipe), Recipe, "Fast, Book or Best");
            context.Require(ResizeMode is null || Enum.IsDefined(ResizeMode.Value), nameof(ResizeMode), ResizeMode,
                "Stretch, CenterCrop or Pad");
            context.Require(ValidationFraction is null or (> 0 and < 1), nameof(ValidationFraction), ValidationFraction,
                "between 0 and 1, without them");
            context.Require(ValidationFraction is null || ValidationSet is null, nameof(ValidationFraction), ValidationFraction,
                "null where there is a ValidationSet");
            context.Require(RejectBelow is null or (> 0 and < 1), nameof(RejectBelow), RejectBelow, "between 0 and 1, without them");
            context.Require(Enum.IsDefined(ClassWeights), nameof(ClassWeights), ClassWeights, "Equal or Balanced");
            context.Require(Enum.IsDefined(OnCancellation), nameof(OnCancellation), OnCancellation, "Throw or ReturnModel");
            context.Require(BestWeightsBy is null || Enum.IsDefined(BestWeightsBy.Value), nameof(BestWeightsBy), BestWeightsBy,
                "a TrainingMetric");
            context.Require(EarlyStopping is null || Enum.IsDefined(EarlyStopping.Metric), "EarlyStopping.Metric", EarlyStopping?.Metric,
                "a TrainingMetric");
            context.Require(EarlyStopping is null or { Patience: >= 1 }, "EarlyStopping.Patience", EarlyStopping?.Patience,
                "at least 1 epoch");
            context.Require(EarlyStopping is null or { LeastImprovement: >= 0 and < double.PositiveInfinity },
                "EarlyStopping.LeastImprovement", EarlyStopping?.LeastImprovement, "at least 0");
            context.Require(BodyLearningRateMultiplier is null or (> 0 and < double.PositiveInfinity), nameof(BodyLearningRateMultiplier),
                BodyLearningRateMultiplier, "positive and finite");
            context.Require(FrozenStages is null or >= -1, nameof(FrozenStages), FrozenStages, "at least -1 (nothing) or 0 (the stem)");
            context.Require(Checkpoints is null || !string.IsNullOrWhiteSpace(Checkpoints.Directory), "Checkpoints.Directory",
                $"'{Checkpoints?.Directory}'", "a folder");
            context.Require(Checkpoints is null or { Epochs: >= 1 }, "Checkpoints.Epochs", Checkpoints?.Epochs, "at least 1");
            context.Require(Checkpoints is null or { Minutes: null or > 0 }, "Checkpoints.Minutes", Checkpoints?.Minutes, "more than 0");
            context.Require(Checkpoints is null or { Kept: >= 1 }, "Checkpoints.Kept", Checkpoints?.Kept, "at least 1");
            var isOneStart = StartFrom is null || InitialWeights is null;
            context.Require(isOneStart, nameof(InitialWeights), InitialWeights?.Path, "null where there is StartFrom");
            if (Architecture is not null)
            {
                Check(context, Architecture);
            }

            // Otherwise layers would stay as they were drawn.
            var hasWeights = StartFrom is not null || InitialWeights is not null;
            context.Require(FrozenStages is null || hasWeights, nameof(FrozenStages), FrozenStages,
                "null without StartFrom or InitialWeights");
            context.Require(FrozenStatistics is null || hasWeights, nameof(FrozenStatistics), FrozenStatistics,
                "null without StartFrom or InitialWeights");
        }

        // Also of the network that is trained where Architecture is null.
        internal void Check(IExceptionContext context, ResNetArchitecture network)
        {
            if (NetworkLimits.ProblemOf(network) is { } problem)
            {
                throw context.Error($"The option Architecture is no network that there can be: {problem}.");
            }

            var stages = network.Stages;
            var isFreezable = FrozenStages is null || FrozenStages <= stages;
            context.Require(isFreezable, nameof(FrozenStages), FrozenStages,
                $"-1 (nothing), 0 (the stem), or up to {stages} (all but the linear layer)");
        }

        private void Names(IExceptionContext context)
        {
            foreach (var (option, name) in ((string, string)[])
            [
                (nameof(LabelColumnName), LabelColumnName),
                (nameof(FeatureColumnName), FeatureColumnName),
                (nameof(ScoreColumnName), ScoreColumnName),
                (nameof(PredictedLabelColumnName), PredictedLabelColumnName),
            ])
            {
                context.Require(!string.IsNullOrWhiteSpace(name), option, $"'{name}'", "the name of a column");
            }

            context.Require(ScoreColumnName != PredictedLabelColumnName, nameof(PredictedLabelColumnName), PredictedLabelColumnName,
                "different from ScoreColumnName");
        }
    }
}
