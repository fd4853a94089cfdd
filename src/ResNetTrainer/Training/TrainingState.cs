using System.Diagnostics;
using ResNetMLNet.Formats;
using ResNetMLNet.Network;
using ResNetMLNet.Training.Checkpoints;
using ResNetMLNet.Training.Optimizing;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>
/// Where training stands: everything that the next step depends on. What of it a checkpoint keeps is in <see cref="Checkpoint"/>.
/// </summary>
/// <remarks>Random numbers are not among it: they are derived from (seed, epoch, step).</remarks>
internal sealed class TrainingState : IDisposable
{
    private readonly List<EpochMetrics> _history = [];
    private readonly Stopwatch _watch = new();
    private double _secondsBefore;

    public TrainingState(TrainingPlan plan, TrainableNetwork network, Device device)
    {
        Plan = plan;
        Network = network;
        Network.NormalisesByBatch = plan.FrozenStatistics != true;
        Network.UsesWinograd = plan.Winograd == true;
        Optimizer = new(
            network,
            plan.Momentum,
            plan.WeightDecay,
            plan.BodyLearningRateMultiplier ?? 1,
            plan.MuonMultiplier,
            plan.GradientClipping * Math.Sqrt(2 * network.Plan.Features));
        Metrics = new(device);
        Average = plan.AveragingDecay is { } decay ? new(network, decay, device) : null;
    }

    public TrainingPlan Plan { get; }

    public TrainableNetwork Network { get; }

    public Optimizer Optimizer { get; }

    /// <summary>The moving average of the weights; null where there is none.</summary>
    public WeightAverage? Average { get; }

    /// <summary>What leaves images out, which is the caller's; null where nothing does.</summary>
    public DataPruning? Pruning { get; init; }

    /// <summary>The network that is scored and becomes the model: what is trained, or the average of it.</summary>
    public TrainableNetwork Scored => Average?.Refreshed() ?? Network;

    /// <summary>The networks that have to be sound.</summary>
    public TrainableNetwork[] Networks => Average is null ? [Network] : [Network, Average.Refreshed()];

    /// <summary>Loss and hits of the current epoch so far.</summary>
    public MetricAccumulator Metrics { get; }

    /// <summary>Epochs done.</summary>
    public int Epoch => _history.Count;

    /// <summary>Steps done of the current epoch.</summary>
    public long Step { get; private set; }

    /// <summary>Seconds spent on the current epoch so far.</summary>
    public double Seconds => _secondsBefore + _watch.Elapsed.TotalSeconds;

    public IReadOnlyList<EpochMetrics> History => _history;

    /// <summary>Whether no step has been done.</summary>
    public bool IsFresh => Epoch == 0 && Step == 0;

    /// <summary>Whether no step is under way, so that the state is one from which training can go on.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>
    /// The weights after the last epoch; null before the first has ended, and after going on within an epoch from a file that does not
    /// have them.
    /// </summary>
    public NamedTensors? EpochWeights { get; private set; }

    /// <summary>The weights of the best epoch so far; null where they are not kept, or before the first has ended.</summary>
    public NamedTensors? BestWeights { get; private set; }

    /// <summary>The epoch of <see cref="BestWeights"/>, from 1.</summary>
    public int? BestEpoch { get; private set; }

    /// <summary>The weights to make a model of.</summary>
    public NamedTensors FinalWeights => BestWeights ?? (Step == 0 ? EpochWeights : null) ?? Scored.Export();

    public void BeginEpoch() => _watch.Restart();

    public void BeginStep() => IsWhole = false;

    /// <summary>Says that training cannot go on from here.</summary>
    public void Fail() => IsWhole = false;

    public void EndStep()
    {
        Step++;
        IsWhole = true;
    }

    public void EndEpoch(EpochMetrics metrics)
    {
        EpochWeights = Scored.Export();
        if (Plan.BestWeightsBy is { } metric && IsBest(metrics, metric))
        {
            (BestWeights, BestEpoch) = (EpochWeights, metrics.Epoch);
        }

        _history.Add(metrics);
        Step = 0;
        _secondsBefore = 0;
        Metrics.Clear();
        Pruning?.EndEpoch();
    }

    public Checkpoint Save() => new()
    {
        Step = Step,
        MetricSums = Metrics.Sums.ToArray(),
        Seconds = Step == 0 ? 0 : Seconds,
        History = [.. _history],
        BestEpoch = BestEpoch,
        Network = Average is null ? ScoredWeights() : Network.Export(),
        Average = Average is null ? null : ScoredWeights(),
        Velocity = Optimizer.Export(),
        Best = BestWeights,
        LastEpoch = Step == 0 ? null : EpochWeights,
        Pruning = Pruning?.Export(isBetweenEpochs: Step == 0),
    };

    public void Restore(Checkpoint checkpoint)
    {
        Network.Import(checkpoint.Network);
        Optimizer.Import(checkpoint.Velocity);
        Metrics.Sums = MetricSums.Of(checkpoint.MetricSums);
        Step = checkpoint.Step;
        _secondsBefore = checkpoint.Seconds;
        _history.AddRange(checkpoint.History);
        var scored = checkpoint.Average ?? checkpoint.Network;
        Average?.Import(scored);
        Pruning?.Import(checkpoint.Pruning!);
        EpochWeights = checkpoint.Step == 0 && checkpoint.History.Length > 0 ? scored : checkpoint.LastEpoch;
        (BestWeights, BestEpoch) = (checkpoint.Best, checkpoint.BestEpoch);
    }

    public void Dispose()
    {
        Optimizer.Dispose();
        Metrics.Dispose();
        Average?.Dispose();
    }

    // Those of an epoch's end are there already.
    private NamedTensors ScoredWeights() => Step == 0 && EpochWeights is not null ? EpochWeights : Scored.Export();

    // A metric that is not a number, which older files may have, is worse than any.
    private bool IsBest(EpochMetrics metrics, TrainingMetric metric) =>
        BestEpoch is not { } best
        || double.IsNaN(_history[best - 1].Score(metric))
        || metrics.Score(metric) > _history[best - 1].Score(metric);
}
