using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;
using ResNetMLNet.Training;

namespace ResNetMLNet;

/// <summary>The model in <see cref="ResNetTrainer.Options.StartFrom"/>.</summary>
internal static class StartingModel
{
    /// <summary>Finds it, in a chain too; null where the option is not set.</summary>
    /// <exception cref="InvalidOperationException">There is no residual network in it, or more than one.</exception>
    public static ResNetModel? Of(IExceptionContext context, ResNetTrainer.Options options) =>
        options.StartFrom is { } transformer ? FittedNetwork.Find(context, transformer, "The option StartFrom").Model : null;

    /// <summary>What training begins with.</summary>
    public static TrainingStart KindOf(IExceptionContext context, ResNetTrainer.Options options) =>
        options.InitialWeights is not null ? TrainingStart.Weights
        : Of(context, options) is not { } model ? TrainingStart.Nothing
        : IsTuned(model) ? TrainingStart.TunedModel
        : TrainingStart.Model;

    /// <summary>Checks that its body is the network's, if there is one.</summary>
    /// <exception cref="InvalidOperationException">It is another network.</exception>
    public static void Check(IExceptionContext context, ResNetModel? model, NetworkPlan network)
    {
        if (model is null)
        {
            return;
        }

        if (model.Architecture != network.Architecture)
        {
            throw context.Error(
                $"The option StartFrom is the network {model.Architecture.Name}, but Architecture is "
                + $"{network.Architecture.Name}, which has other weights. "
                + "Set Architecture = model.Architecture, or leave it null.");
        }

        if (model.ImageChannels != network.Input.Channels)
        {
            throw context.Error(
                $"The option StartFrom is a network for images of {model.ImageChannels} channels, but the feature column's "
                + $"have {network.Input.Channels}. "
                + "Give images as the network was trained on: for MLImage and encoded images ImageChannels says how they are read.");
        }
    }

    /// <summary>Says where images are not as the model to start from saw them.</summary>
    public static void WarnOfFormat(IChannel channel, ResNetModel model, InputFormat format, float largestPixel)
    {
        var then = model.Network.Format;
        if (PixelScale.Differs(model.Network.LargestPixel, largestPixel))
        {
            channel.Warn(
                FormattableString.Invariant($"The model to start from was trained on pixels of up to {model.Network.LargestPixel}, and ")
                + FormattableString.Invariant($"these go up to {largestPixel}. Scale them alike: bytes and images are in [0, 1], and ")
                + "ExtractPixels has scaleImage.");
        }

        if ((then.Shape.Height, then.Shape.Width) != (format.Shape.Height, format.Shape.Width))
        {
            channel.Warn(
                $"The model to start from saw images of {then.Shape.Height}x{then.Shape.Width} pixels, and is now trained on "
                + $"{format.Shape.Height}x{format.Shape.Width}. ImageSize says how large they are seen.");
        }
        else if (then.Resizes && format.Resizes && then.ResizeMode != format.ResizeMode)
        {
            channel.Warn($"The model to start from saw images by ResizeMode.{then.ResizeMode}, and is now trained by {format.ResizeMode}.");
        }
    }

    /// <summary>Says which classes are new and which are gone.</summary>
    public static void LogClasses(IChannel channel, IReadOnlyList<string> then, IReadOnlyList<string> now)
    {
        var (added, left) = (now.Except(then).ToArray(), then.Except(now).ToArray());
        channel.Log(
            $"starting from a model of {then.Count} classes{(added.Length == 0 ? "" : $"; new: {string.Join(", ", added)}")}");
        if (left.Length > 0)
        {
            channel.Warn($"The label column does not have the classes {string.Join(", ", left)}, which the model to start from "
                + "knows: the new model will not.");
        }
    }

    // Models of earlier versions do not say it, but only with weights of another origin do statistics of pixels come.
    private static bool IsTuned(ResNetModel model) => model.Training.FromInitialWeights || model.PixelStatistics is not null;
}
