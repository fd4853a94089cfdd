using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;
using ResNetMLNet.Network.Convolutions.Winograd;
using ResNetMLNet.Training;
using ResNetMLNet.Training.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Fitting;

/// <summary>What options, data and what training begins with come to: a recipe with every number filled in.</summary>
internal static class PlanOfOptions
{
    /// <summary>The plan of a training.</summary>
    /// <param name="channel">Is told what of the options has no effect.</param>
    /// <param name="options">What is asked for.</param>
    /// <param name="data">What is trained on.</param>
    /// <param name="start">What training begins with.</param>
    /// <param name="begun">What the checkpoint to go on from has of it.</param>
    /// <param name="setting">Where, and in how many processes.</param>
    public static TrainingPlan Make(
        IChannel channel,
        ResNetTrainer.Options options,
        TrainingData data,
        StartingPoint start,
        BegunPlan begun,
        TrainingSetting setting)
    {
        var mayFlip = MayFlip(options, start);
        var precision = PrecisionSelector.Select(options.Precision, setting.Device);
        var plan = Recipes.Fill(new()
        {
            Recipe = options.Recipe,
            Age = begun.Age,
            Start = start.Kind,
            Images = data.Train.Count,
            SmallImages = ResNetArchitecture.IsSmall(data.Format.Shape.LongerSide),
            InColor = data.Format.Shape.Channels >= 3,
            Processes = setting.Group.Size,
            Stages = data.Architecture.Stages,
            Epochs = options.NumberOfEpochs ?? begun.Epochs,
            BatchSize = options.BatchSize,
            LearningRate = options.LearningRate,
            LabelSmoothing = options.LabelSmoothing,
            BodyLearningRateMultiplier = options.BodyLearningRateMultiplier,
            Augmentation = options.Augmentation ?? (mayFlip ? begun.Augmentation : begun.Augmentation & ~Augmentation.Flip),
            AllowFlip = mayFlip,
            SmallestCrop = options.SmallestCrop,
            LargestRotation = options.LargestRotation,
            FrozenStages = options.FrozenStages,
            FrozenStatistics = options.FrozenStatistics,
            Seed = setting.Seed,
            Precision = precision,
            Winograd = begun.Winograd ?? (precision == ScalarType.Float32 && IsSoonerByWinograd(setting)),
        }) with
        {
            ClassWeights = options.ClassWeights,
            EarlyStopping = options.EarlyStopping,
            BestWeightsBy = options.BestWeightsBy,
            DataPruning = options.DataPruning > 0 ? options.DataPruning : null,
        };
        plan = options.Ablation?.Invoke(plan) ?? plan;
        if (plan.ToAugmentation().Jitter > 0 && data.Columns.Feature.Kind == FeatureKind.Floats)
        {
            throw ((IExceptionContext)channel).Error(
                $"Augmentation.ColorJitter takes images or bytes, whose black and white are known, and '{options.FeatureColumnName}' has "
                + "floats. Leave ExtractPixels out, or ColorJitter.");
        }

        if (plan.DataPruning is not null && ReasonToPruneNothing(data, plan) is { } reason)
        {
            channel.Warn($"DataPruning leaves out no image, since {reason}.");
            plan = plan with { DataPruning = null };
        }

        return plan;
    }

    /// <summary>Whether images may be mirrored.</summary>
    public static bool MayFlip(ResNetTrainer.Options options, StartingPoint start) => options.AllowFlip ?? !start.NeverFlips;

    // Several processes may be on machines of different kinds, and compute alike.
    private static bool IsSoonerByWinograd(TrainingSetting setting) =>
        setting.Device.type == DeviceType.CPU && setting.Group.Size == 1 && WinogradConvolution.IsSupported;

    // The losses are known by the image's number, which is another one each time where images stream.
    private static string? ReasonToPruneNothing(TrainingData data, TrainingPlan plan) =>
        data.Train.IsStreamed ? "the images do not fit in memory and are read again in each epoch"
        : plan.TrainsOnFeatures(data.Architecture.Stages) ? "the linear layer alone is trained"
        : null;
}
