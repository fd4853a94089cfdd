using Microsoft.ML.Runtime;
using ResNetMLNet.Formats;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;
using ResNetMLNet.Training;

namespace ResNetMLNet.Fitting;

/// <summary>What training begins with: fresh weights, a fitted model, or a file of weights.</summary>
internal abstract record StartingPoint
{
    /// <summary>What recipes make a difference by.</summary>
    public abstract TrainingStart Kind { get; }

    /// <summary>Whether the weights were trained without mirror images, which may mean something else.</summary>
    public virtual bool NeverFlips => false;

    /// <summary>The network that the weights belong to; null for any.</summary>
    public virtual ResNetArchitecture? Architecture => null;

    /// <exception cref="FileNotFoundException">The file of weights is missing.</exception>
    /// <exception cref="InvalidOperationException">
    /// It cannot be used, or is of another network than the one that is asked for, or knows no mirror images, which are to be scored.
    /// </exception>
    public static StartingPoint Of(IExceptionContext context, ResNetTrainer.Options options)
    {
        StartingPoint start = options switch
        {
            { StartFrom: { } transformer } => new StartingModel(FittedNetwork.Find(transformer, "The option StartFrom").Model),
            { InitialWeights: { } weights } => StartingFile.Read(context, weights),
            _ => new FreshStart(),
        };
        if (options.Architecture is { } wanted)
        {
            start.Check(context, wanted);
        }

        var flips = PlanOfOptions.MayFlip(options, start) || options.Augmentation?.HasFlag(Augmentation.Flip) == true;
        context.Require(
            flips || options.TestTimeAugmentation == TestTimeAugmentation.None,
            nameof(TestTimeAugmentation),
            options.TestTimeAugmentation,
            "None where the model in StartFrom was trained without mirror images, or AllowFlip true");
        return start;
    }

    /// <summary>The same for a network of these classes.</summary>
    public virtual StartingPoint For(IReadOnlyList<string> classes) => this;

    /// <summary>What the weights were trained to see, of images of such a shape; null for pixels as they are.</summary>
    public virtual PixelStatistics? StatisticsFor(ImageShape shape) => null;

    /// <summary>By what training from these weights is recognised; null for fresh ones, which the seed tells.</summary>
    public virtual string? Fingerprint(NetworkPlan plan) => null;

    /// <summary>Whether the network keeps the linear layer of a file.</summary>
    public virtual bool HasHead(NetworkPlan plan) => false;

    /// <exception cref="InvalidOperationException">The weights are not of this network.</exception>
    public virtual void Check(IExceptionContext context, ResNetArchitecture network)
    {
    }

    /// <exception cref="InvalidOperationException">The weights are not for such images.</exception>
    public virtual void CheckImages(IExceptionContext context, ImageShape shape)
    {
    }

    /// <summary>The weights that a fresh network takes over; null where it stays as it is.</summary>
    /// <param name="host">The trainer.</param>
    /// <param name="channel">Is told what is new, gone, or not as it was.</param>
    /// <param name="fresh">The network.</param>
    /// <param name="data">What it is trained on.</param>
    /// <exception cref="InvalidOperationException">They do not fit it; the message says which tensors differ.</exception>
    public virtual NamedTensors? WeightsFor(IHost host, IChannel channel, TrainableNetwork fresh, TrainingData data) => null;

    private sealed record FreshStart : StartingPoint
    {
        public override TrainingStart Kind => TrainingStart.Nothing;
    }
}
