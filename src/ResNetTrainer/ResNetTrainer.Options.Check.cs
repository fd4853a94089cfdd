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
            Require(context, ImageChannels is 1 or 3, nameof(ImageChannels), ImageChannels, "1 (grey) or 3 (red, green, blue)");
            Require(
                context,
                MaximumImagePixels is >= 1 and <= EncodedImage.LargestMaximumPixels,
                nameof(MaximumImagePixels),
                MaximumImagePixels,
                $"between 1 and {EncodedImage.LargestMaximumPixels} pixels");
            Require(context, Enum.IsDefined(UnreadableImages), nameof(UnreadableImages), UnreadableImages, "Fail or Skip");
            Require(
                context, ImageSize is null or (
                    >= 1 and <= NetworkLimits.MostPixelsOfASide), nameof(ImageSize), ImageSize, "between 1 and 4096 pixels");
            Require(context, NumberOfEpochs is null or >= 1, nameof(NumberOfEpochs), NumberOfEpochs, "at least 1");
            Require(context, BatchSize is null or >= 2, nameof(BatchSize), BatchSize, "at least 2, because batch normalisation "
                + "compares images");
            Require(
                context, LearningRate is null or (
                    > 0 and < double.PositiveInfinity), nameof(LearningRate), LearningRate, "positive and finite");
            Require(
                context, LabelSmoothing is null or (>= 0 and < 1), nameof(LabelSmoothing), LabelSmoothing, "at least 0 and below 1");
            Require(
                context, Enum.IsDefined(TestTimeAugmentation), nameof(TestTimeAugmentation), TestTimeAugmentation,
                "None, Flip or FlipAndShift");
            Require(context, SmallestCrop is > 0 and <= 1, nameof(SmallestCrop), SmallestCrop, "above 0 and at most 1");
            Require(
                context, Augmentation is null or (
                    >= 0 and <= (Augmentation)63), nameof(Augmentation), Augmentation, "a combination of Augmentation's members");
            Require(context, MemoryBudget is null or >= 0, nameof(MemoryBudget), MemoryBudget, "at least 0 bytes");
            Require(context, Threads is null or (>= 1 and <= 1024), nameof(Threads), Threads, "between 1 and 1024");
            Require(context, Enum.IsDefined(Device), nameof(Device), Device, "Auto, Cpu or Cuda");
            Require(context, Enum.IsDefined(Precision), nameof(Precision), Precision, "Auto, Float32 or BFloat16");
            Require(context, Enum.IsDefined(Recipe), nameof(Recipe), Recipe, "Fast, Book or Best");
            Require(context, Enum.IsDefined(ResizeMode), nameof(ResizeMode), ResizeMode, "Stretch, CenterCrop or Pad");
            Require(
                context, ValidationFraction is null or (> 0 and < 1), nameof(ValidationFraction), ValidationFraction,
                "between 0 and 1, without them");
            Require(context, ValidationFraction is null
                || ValidationSet is null, nameof(ValidationFraction), ValidationFraction, "null where there is a ValidationSet");
            Require(context, RejectBelow is null or (> 0 and < 1), nameof(RejectBelow), RejectBelow, "between 0 and 1, without them");
            Require(context, Enum.IsDefined(ClassWeights), nameof(ClassWeights), ClassWeights, "Equal or Balanced");
            Require(context, Enum.IsDefined(OnCancellation), nameof(OnCancellation), OnCancellation, "Throw or ReturnModel");
            Require(context, BestWeightsBy is null
                || Enum.IsDefined(BestWeightsBy.Value), nameof(BestWeightsBy), BestWeightsBy, "a TrainingMetric");
            Require(context, EarlyStopping is null
                || Enum.IsDefined(EarlyStopping.Metric), "EarlyStopping.Metric", EarlyStopping?.Metric, "a TrainingMetric");
            Require(
                context, EarlyStopping is null or { Patience: >= 1 }, "EarlyStopping.Patience", EarlyStopping?.Patience,
                "at least 1 epoch");
            Require(
                context, EarlyStopping is null or { LeastImprovement: >= 0 and < double.PositiveInfinity },
                "EarlyStopping.LeastImprovement", EarlyStopping?.LeastImprovement, "at least 0");
            Require(
                context, BodyLearningRateMultiplier is null or (> 0 and < double.PositiveInfinity), nameof(BodyLearningRateMultiplier),
                BodyLearningRateMultiplier, "positive and finite");
            Require(context, FrozenStages is null or >= 0, nameof(FrozenStages), FrozenStages, "at least 0 (the stem)");
            Require(context, Checkpoints is null
                || !string.IsNullOrWhiteSpace(Checkpoints.Directory), "Checkpoints.Directory", $"'{Checkpoints?.Directory}'", "a folder");
            Require(context, Checkpoints is null or { Epochs: >= 1 }, "Checkpoints.Epochs", Checkpoints?.Epochs, "at least 1");
            Require(context, Checkpoints is null or { Minutes: null or > 0 }, "Checkpoints.Minutes", Checkpoints?.Minutes, "more than 0");
            Require(context, Checkpoints is null or { Kept: >= 1 }, "Checkpoints.Kept", Checkpoints?.Kept, "at least 1");
            var isOneStart = StartFrom is null || InitialWeights is null;
            Require(context, isOneStart, nameof(InitialWeights), InitialWeights?.Path, "null where there is StartFrom");
            if (Architecture is not null)
            {
                Check(context, Architecture);
            }

            // Layers would stay as they were drawn.
            Require(
                context, FrozenStages is null || StartFrom is not null || InitialWeights is not null, nameof(FrozenStages), FrozenStages,
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
            Require(context, isFreezable, nameof(FrozenStages), FrozenStages, $"0 (the stem) to {stages} (all but the linear layer)");
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
                Require(context, !string.IsNullOrWhiteSpace(name), option, $"'{name}'", "the name of a column");
            }

            Require(
                context, ScoreColumnName != PredictedLabelColumnName, nameof(PredictedLabelColumnName), PredictedLabelColumnName,
                "different from ScoreColumnName");
        }

        private static void Require(IExceptionContext context, bool holds, string option, object? value, string wanted)
        {
            if (!holds)
            {
                throw context.Error($"The option {option} is {value}, but it must be {wanted}.");
            }
        }
    }
}
