using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.Formats;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;
using ResNetMLNet.Training;

namespace ResNetMLNet.Fitting;

/// <summary>The model in <see cref="ResNetTrainer.Options.StartFrom"/>.</summary>
internal sealed record StartingModel(ResNetModel Model) : StartingPoint
{
    // Models of earlier versions do not say it, but only with weights of another origin do statistics of pixels come.
    public override TrainingStart Kind =>
        Model.Training.FromInitialWeights || Model.PixelStatistics is not null ? TrainingStart.TunedModel : TrainingStart.Model;

    public override bool NeverFlips => Model.Training.NeverFlipped;

    public override ResNetArchitecture Architecture => Model.Architecture;

    public override InputFormat? Format => Model.Network.Format;

    protected override PixelStatistics? StatisticsFor(ImageShape shape) => Model.PixelStatistics?.For(shape);

    public override string Fingerprint(NetworkPlan plan) => Model.Network.Weights.Fingerprint();

    public override void Check(IExceptionContext context, ResNetArchitecture network)
    {
        // Its name is for people.
        if (Model.Architecture != network with { Name = Model.Architecture.Name })
        {
            throw context.Error(
                $"The option StartFrom is the network {Model.Architecture.Name}, but Architecture is {network.Name}, which has other "
                + "weights. Set Architecture = model.Architecture, or leave it null.");
        }
    }

    protected override void CheckImages(IExceptionContext context, ImageShape shape)
    {
        if (Model.ImageChannels != shape.Channels)
        {
            throw context.Error(
                $"The option StartFrom is a network for images of {Model.ImageChannels} channels, but the feature column's "
                + $"have {shape.Channels}. "
                + "Give images as the network was trained on: for MLImage and encoded images ImageChannels says how they are read.");
        }
    }

    protected override NamedTensors WeightsFor(IHost host, IChannel channel, TrainableNetwork fresh, TrainingData data)
    {
        WarnOfFormat(channel, data.Format, data.Pixels);
        LogClasses(channel, Model.ClassNames, data.ClassNames);
        return StartingWeights.Of(Model.Network.Weights, Model.ClassNames, fresh, data.ClassNames);
    }

    // Where images are not as the model saw them.
    private void WarnOfFormat(IChannel channel, InputFormat format, PixelRange pixels)
    {
        var then = Model.Network.Format;
        PixelScale.WarnOfAnother(channel, "The model to start from was", Model.Network.Pixels, pixels);
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

    // Which classes are new and which are gone.
    private static void LogClasses(IChannel channel, IReadOnlyList<string> then, IReadOnlyList<string> now)
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
}
