using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
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

    /// <summary>How the weights' model sees images; null where none says.</summary>
    public virtual InputFormat? Format => null;

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

    /// <summary>The network of a training that begins so, as it is before the first step.</summary>
    /// <param name="host">The trainer.</param>
    /// <param name="channel">Is told what is new, gone, or not as it was.</param>
    /// <param name="plan">How it will be trained.</param>
    /// <param name="data">On what.</param>
    /// <exception cref="InvalidOperationException">There can be no such network, or the weights are not for it.</exception>
    public TrainableNetwork CreateNetwork(IHost host, IChannel channel, TrainingPlan plan, TrainingData data)
    {
        var (shape, classes) = (data.Format.Shape, data.Columns.Label.Classes);
        if (NetworkLimits.ProblemOf(data.Architecture, shape, classes) is { } problem)
        {
            throw host.Error($"There can be no such network: {problem}. Set Architecture and ImageSize to what is possible.");
        }

        CheckImages(host, shape);
        var networkPlan = new NetworkPlan(data.Architecture, shape, classes) { Statistics = StatisticsFor(shape) };
        var network = TrainableNetwork.Create(
            networkPlan, plan.Initialisation, RandomStream.Derive(plan.Seed, 0), data.Train.Device, plan.Precision);
        try
        {
            PixelScale.Check(channel, data.Train.Statistics, networkPlan);
            if (WeightsFor(host, channel, network, data) is { } weights)
            {
                network.Import(weights);
            }

            if (plan.FrozenStages is { } stages)
            {
                network.Freeze(stages);
            }

            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>What the weights were trained to see, of images of such a shape; null for pixels as they are.</summary>
    protected virtual PixelStatistics? StatisticsFor(ImageShape shape) => null;

    /// <summary>By what training from these weights is recognised; null for fresh ones, which the seed tells.</summary>
    public virtual string? Fingerprint(NetworkPlan plan) => null;

    /// <summary>Whether the network keeps the linear layer of a file.</summary>
    public virtual bool HasHead(NetworkPlan plan) => false;

    /// <exception cref="InvalidOperationException">The weights are not of this network.</exception>
    public virtual void Check(IExceptionContext context, ResNetArchitecture network)
    {
    }

    /// <exception cref="InvalidOperationException">The weights are not for such images.</exception>
    protected virtual void CheckImages(IExceptionContext context, ImageShape shape)
    {
    }

    /// <summary>The weights that a fresh network takes over; null where it stays as it is.</summary>
    /// <param name="host">The trainer.</param>
    /// <param name="channel">Is told what is new, gone, or not as it was.</param>
    /// <param name="fresh">The network.</param>
    /// <param name="data">What it is trained on.</param>
    /// <exception cref="InvalidOperationException">They do not fit it; the message says which tensors differ.</exception>
    protected virtual NamedTensors? WeightsFor(IHost host, IChannel channel, TrainableNetwork fresh, TrainingData data) => null;

    private sealed record FreshStart : StartingPoint
    {
        public override TrainingStart Kind => TrainingStart.Nothing;
    }
}
