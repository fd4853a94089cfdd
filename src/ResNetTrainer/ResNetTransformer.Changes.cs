using Microsoft.ML;
using ResNetMLNet.Fitting;

namespace ResNetMLNet;

// The same network in another way: each has native memory of its own.
public sealed partial class ResNetTransformer
{
    /// <summary>
    /// A whole model with another network in the place of the one that is in it: the other steps are as they were.
    /// </summary>
    /// <param name="model">The model: a residual network, or a chain of transformers with one somewhere inside.</param>
    /// <param name="change">Makes the other one, by one of the methods that begin with <c>With</c>, say.</param>
    /// <returns>
    /// A chain with the other network and the first model's other steps. These are shared: when neither is used any more, dispose one of
    /// the chains, and of the other its network (<see cref="Find"/>).
    /// </returns>
    /// <exception cref="InvalidOperationException">
    /// There is no residual network in it, or more than one, or <paramref name="change"/> makes none.
    /// </exception>
    /// <example>
    /// <code>
    /// ITransformer careful = ResNetTransformer.Change(model, transformer => transformer.WithRejectBelow(0.8));
    /// ml.Model.Save(careful, images.Schema, "careful.zip");
    /// </code>
    /// </example>
    public static ITransformer Change(ITransformer model, Func<ResNetTransformer, ResNetTransformer> change)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(change);
        var network = Find(model);
        return FittedNetwork.Replace(
            model, network, change(network) ?? throw new InvalidOperationException("There is no network to exchange: change gave null."));
    }

    /// <summary>
    /// The same model with another threshold, below which no class is predicted (<see cref="ResNetTrainer.Options.RejectBelow"/>): for one
    /// that is chosen when the model is there, by accuracy and coverage on images that it has not seen. It owns a network of its own.
    /// </summary>
    /// <param name="probability">In (0, 1); null predicts a class for every image.</param>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not between 0 and 1.</exception>
    public ResNetTransformer WithRejectBelow(double? probability) => probability is null or (> 0 and < 1)
        ? With(new(Model.Network with { RejectBelow = probability }, Model.Training), Device, _unreadable)
        : throw new ArgumentOutOfRangeException(nameof(probability), probability, "It must be between 0 and 1, without them.");

    /// <summary>
    /// The same model that scores other views of an image (<see cref="ResNetTrainer.Options.TestTimeAugmentation"/>). It owns a network of
    /// its own.
    /// </summary>
    /// <remarks>
    /// Of a calibrated model the temperature stays the one that was found for the views of its training: probabilities of other views,
    /// and a threshold that was chosen for them, mean something else.
    /// </remarks>
    /// <param name="views">Of which views a score is the mean.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no such views.</exception>
    /// <exception cref="InvalidOperationException">
    /// They are mirror images, and the model was trained without (<see cref="TrainingSummary.NeverFlipped"/>).
    /// </exception>
    public ResNetTransformer WithTestTimeAugmentation(TestTimeAugmentation views) =>
        !Enum.IsDefined(views) ? throw new ArgumentOutOfRangeException(nameof(views), views, "It must be one of TestTimeAugmentation.")
        : views != TestTimeAugmentation.None && Model.Training.NeverFlipped ? throw new InvalidOperationException(
            "The model was trained without mirror images, which may mean something else: TestTimeAugmentation must be None.")
        : With(new(Model.Network with { TestTimeAugmentation = views }, Model.Training), Device, _unreadable);

    /// <summary>
    /// The same model on another device. A model that was loaded scores on the GPU that the context names
    /// (<see cref="MLContext.GpuDeviceId"/>), on the first one where it names none, and on the CPU where there is none. It owns a network
    /// of its own.
    /// </summary>
    /// <param name="device">
    /// Where to score. With <see cref="ComputeDevice.Cuda"/> and no GPU, scoring is an error, unless the context has
    /// <see cref="MLContext.FallbackToCpu"/>.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    public ResNetTransformer WithDevice(ComputeDevice device) => Enum.IsDefined(device)
        ? With(Model, device, _unreadable)
        : throw new ArgumentOutOfRangeException(nameof(device), device, "It must be one of ComputeDevice.");

    /// <summary>
    /// The same model, which goes on where an image cannot be read. With <see cref="UnreadableImages.Skip"/> the scores of such a row are
    /// not numbers and its predicted label is missing; a warning in <c>mlContext.Log</c> says of each why. <c>Evaluate</c> leaves such rows
    /// out. A saved model does not keep this. It owns a network of its own.
    /// </summary>
    /// <remarks>
    /// That holds where the network alone reads the image. A column of the same image that is asked for beside the scores
    /// (<c>ImageBytes</c> of a file that is gone), heat maps and features behind it still end with their error, as does a file that is
    /// missing behind <c>LoadRawImageBytes</c>.
    /// </remarks>
    /// <param name="unreadable">What to do; a model as it is fitted or loaded fails.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such choice.</exception>
    public ResNetTransformer WithUnreadableImages(UnreadableImages unreadable) => Enum.IsDefined(unreadable)
        ? With(Model, Device, unreadable)
        : throw new ArgumentOutOfRangeException(nameof(unreadable), unreadable, "It must be one of UnreadableImages.");

    private ResNetTransformer With(ResNetModel model, ComputeDevice device, UnreadableImages unreadable) =>
        new(_host, model, FeatureColumnType, _columns, device, Context, unreadable);
}
