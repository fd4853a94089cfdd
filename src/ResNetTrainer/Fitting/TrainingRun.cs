using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Distributed;
using ResNetMLNet.Formats;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Training;
using ResNetMLNet.Training.Checkpoints;
using TorchSharp;

namespace ResNetMLNet.Fitting;

/// <summary>One training, from where its state stands to its end: what the loop goes over, and what happens between its steps.</summary>
internal sealed class TrainingRun(
    IHost host, IChannel channel, ResNetTrainer.Options options, TrainingData data, TrainingState state, ProcessGroup group)
    : IDisposable
{
    private Exchange? _exchange;
    private readonly Soundness _soundness = new(() => state.Networks);
    private readonly Loss _loss = new(
        data.Columns.Weight is not null, Loss.OfClasses(data.Train.Statistics, state.Plan.ClassWeights), data.Train.Device);

    private readonly int _threads = torch.get_num_threads();
    private CheckpointSchedule? _schedule;
    private bool _othersAreCancelled;

    /// <summary>Whether the linear layer comes with the weights to start from.</summary>
    public bool HeadIsTrained { get; init; }

    // What a callback throws is the callback's affair, a cancellation too.
    private bool IsCancelled =>
        _othersAreCancelled || options.CancellationToken.IsCancellationRequested || host.IsCancelled();

    // One that a callback throws in the first of several processes, the others know nothing of.
    private bool KeepsModelAt(OperationCanceledException e) =>
        options.OnCancellation == CancellationBehavior.ReturnModel && IsCancelled && (group.IsAlone || ProcessGroup.IsOfAll(e));

    /// <exception cref="DivergenceException">A loss, the weights or the scores are infinite or not a number.</exception>
    public TrainingOutcome Run(CheckpointFolder? checkpoints)
    {
        using var heap = NativeHeap.Keep();
        _exchange = group.IsAlone ? null : new(group, state.Network, options.GradientCompression, () => IsCancelled);
        _schedule = checkpoints is null ? null : new(checkpoints, state, _soundness, options.Checkpoints!);
        try
        {
            if (state.IsFresh && state.Plan.UnitFeatures == true)
            {
                var divisor = UnitFeatures.Of(state.Network, HeadIsTrained, data.Train, state.Plan.Seed, group);
                channel.Log(FormattableString.Invariant($"features are divided by {divisor:G3}, so that their mean square is 1"));
            }

            using var train = FeaturesOf(data.Train);
            using var validation = FeaturesOf(data.Validation);
            return Loop(train ?? data.Train, validation ?? data.Validation).Run(BetweenSteps, EpochDone);
        }
        catch (OperationCanceledException e) when (KeepsModelAt(e))
        {
            // All have stopped at the same step.
            var loop = Loop(data.Train, data.Validation);
            loop.Align();
            loop.ThrowIfUnsound();
            var model = state.BestEpoch is { } best ? $"that of epoch {best}, the best one" : "as it stands";
            channel.Log($"cancelled in epoch {state.Epoch + 1}, after {state.Step} steps of it; the model is {model}");
            return TrainingOutcome.Cancelled;
        }
        finally
        {
            _schedule?.AtEnd();
        }
    }

    /// <summary>
    /// Finds on the validation set what logits are to be divided by; null where it is cancelled and a model is wanted.
    /// </summary>
    public TemperatureScaling? Calibrate(NamedTensors weights)
    {
        try
        {
            var views = ImageView.Of(options.TestTimeAugmentation);
            using var network = new FoldedNetwork(state.Network.Plan, weights, data.Train.Device);
            var batchSize = Math.Max(1, state.Plan.BatchSize / group.Size);
            var set = CalibrationSet.Of(network, data.Validation!, _loss, views, batchSize, ThrowIfCancelled);

            // The last bits of a score may differ between processes, and with them where the least loss is, and how many passes it takes
            // to find it: so several processes do not ask each other whether they are cancelled.
            var found = Calibration.Find(set, group.IsAlone ? ThrowIfCancelled : () => { }, out var problem);
            found = found with { Temperature = group.Broadcast(found.Temperature) };
            channel.Log(FormattableString.Invariant(
                $"calibrated: temperature {found.Temperature:F3}, validation loss {found.LossBefore:F4} to {found.LossAfter:F4}, ")
                + FormattableString.Invariant(
                    $"calibration error {found.CalibrationErrorBefore:F4} to {found.CalibrationErrorAfter:F4}"));
            if (problem is not null)
            {
                channel.Warn($"The probabilities stay as they are, since {problem}. Take more, or harder, images for validation.");
            }

            return found;
        }
        catch (OperationCanceledException e) when (KeepsModelAt(e))
        {
            channel.Log("cancelled while calibrating; the model is as it was trained");
            return null;
        }
    }

    public void Dispose()
    {
        _loss.Dispose();
        _soundness.Dispose();
        _exchange?.Dispose();
    }

    private TrainingLoop Loop(ImageDataset train, ImageDataset? validation) =>
        new(state, _loss, train, validation, _soundness, _exchange);

    // Null where the images themselves are needed in each epoch.
    private FrozenFeatures? FeaturesOf(ImageDataset? images)
    {
        var isKept = images is not null && state.Plan.TrainsOnFeatures(state.Network.Plan.Stages.Length) && TakesRoomForFeatures(images);
        return isKept ? FrozenFeatures.Of(state.Network, images!, group, BetweenBatches) : null;

        void BetweenBatches(long done)
        {
            Report(new()
            {
                Phase = TrainingPhase.ComputingFeatures,
                Images = done,
                NumberOfImages = images!.Count,
            });
            ThrowIfCancelled();
        }
    }

    // Of streamed images, the window is not needed any more. All processes do the same, whatever memory each has.
    private bool TakesRoomForFeatures(ImageDataset images)
    {
        var (size, window) = (FrozenFeatures.SizeOf(state.Network.Plan, images.Count), images.Window ?? 0);
        if (group.Any(size > data.Memory.LeftWith(window)))
        {
            return false;
        }

        data.Memory.GiveBack(window);
        data.Memory.Take(size);
        return true;
    }

    private void BetweenSteps(TrainingProgress progress)
    {
        Report(progress);
        if (options.Threads is null && data.Train.Device.type == DeviceType.CPU)
        {
            NativeTeam.Adapt(_threads, channel.Log);
        }

        _schedule?.AfterStep();

        // At a step of training they have told each other.
        ThrowIfCancelled(progress.Phase == TrainingPhase.Training && _exchange is { } exchange
            ? exchange.AnyIsCancelled
            : group.Any(IsCancelled));
    }

    private void ThrowIfCancelled() => ThrowIfCancelled(group.Any(IsCancelled));

    // All stop at the same step: none is to wait for one that has left, and none leaves before the others know.
    private void ThrowIfCancelled(bool anyIsCancelled)
    {
        if (!anyIsCancelled)
        {
            return;
        }

        _othersAreCancelled |= !IsCancelled;
        try
        {
            options.CancellationToken.ThrowIfCancellationRequested();
            host.ThrowIfCancelled();
            throw new OperationCanceledException("Another process of the training was cancelled.");
        }
        catch (Exception e)
        {
            ProcessGroup.OfAll(e);
            throw;
        }
    }

    private void EpochDone()
    {
        _schedule?.AfterEpoch();
        channel.Log($"{state.History[^1]}");
        if (group.IsFirst)
        {
            options.EpochCallback?.Invoke(state.History[^1]);
        }
    }

    private void Report(TrainingProgress progress)
    {
        if (group.IsFirst)
        {
            options.ProgressCallback?.Invoke(progress);
        }
    }
}
