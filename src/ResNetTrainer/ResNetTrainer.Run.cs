using System.Globalization;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;
using ResNetMLNet.Training;
using ResNetMLNet.Training.Checkpoints;
using TorchSharp;

namespace ResNetMLNet;

// One training, from where its state stands to its end: what the loop goes over, and what happens between its steps.
public sealed partial class ResNetTrainer
{
    private sealed class TrainingRun(ResNetTrainer trainer, IChannel channel, TrainingData data, TrainingState state) : IDisposable
    {
        private readonly Options _options = trainer._options;
        private readonly Soundness _soundness = new(state.Network);
        private readonly Loss _loss = new(
            data.Columns.Weight is not null, Loss.OfClasses(data.Train.Statistics, state.Plan.ClassWeights), data.Train.Device);

        private readonly int _threads = torch.get_num_threads();
        private CheckpointSchedule? _schedule;

        // What a callback throws is the callback's affair, a cancellation too.
        private bool IsCancelled => _options.CancellationToken.IsCancellationRequested || trainer._host.IsCancelled();

        /// <exception cref="DivergenceException">A loss, the weights or the scores are infinite or not a number.</exception>
        public TrainingOutcome Run(CheckpointFolder? checkpoints)
        {
            using var heap = NativeHeap.Keep();
            _schedule = checkpoints is null ? null : new(checkpoints, state, _soundness, _options.Checkpoints!);
            try
            {
                using var train = FeaturesOf(data.Train);
                using var validation = FeaturesOf(data.Validation);
                return Loop(train ?? data.Train, validation ?? data.Validation).Run(state, BetweenSteps, EpochDone);
            }
            catch (OperationCanceledException) when (_options.OnCancellation == CancellationBehavior.ReturnModel && IsCancelled)
            {
                Loop(data.Train, data.Validation).ThrowIfUnsound(state);
                channel.Log($"cancelled in epoch {state.Epoch + 1}, after {state.Step} steps of it; the model is as it stands");
                return TrainingOutcome.Cancelled;
            }
            finally
            {
                _schedule?.AtEnd();
            }
        }

        public void Dispose()
        {
            _loss.Dispose();
            _soundness.Dispose();
        }

        private TrainingLoop Loop(ImageDataset train, ImageDataset? validation) => new(state.Plan, _loss, train, validation, _soundness);

        // Null where the images themselves are needed in each epoch.
        private FrozenFeatures? FeaturesOf(ImageDataset? images)
        {
            if (images is null || !state.Plan.TrainsOnFeatures(state.Network.Plan))
            {
                return null;
            }

            // Of streamed images, the window is not needed any more.
            var size = FrozenFeatures.SizeOf(state.Network.Plan, images.Count);
            var fits = images.Window is { } window ? size <= window : data.Memory.TryTake(size);
            return fits ? FrozenFeatures.Of(state.Network, images, BetweenSteps) : null;
        }

        private void BetweenSteps()
        {
            if (_options.Threads is null && data.Train.Device.type == DeviceType.CPU)
            {
                NativeTeam.Adapt(_threads, channel.Log);
            }

            _schedule?.AfterStep();
            _options.CancellationToken.ThrowIfCancellationRequested();
            trainer._host.ThrowIfCancelled();
        }

        private void EpochDone()
        {
            _schedule?.AfterEpoch();
            channel.Log(Text(state.History[^1]));
            _options.EpochCallback?.Invoke(state.History[^1]);
        }

        private static string Text(EpochMetrics metrics)
        {
            var validation = metrics.ValidationAccuracy is null
                ? ""
                : FormattableString.Invariant($", validation loss {metrics.ValidationLoss:F4}, accuracy {metrics.ValidationAccuracy:F4}");
            return string.Create(
                CultureInfo.InvariantCulture,
                $"epoch {metrics.Epoch} of {metrics.NumberOfEpochs}: loss {metrics.TrainLoss:F4}, accuracy "
                + $"{metrics.TrainAccuracy:F4}{validation}, {metrics.ImagesPerSecond:F0} images/s, {metrics.Seconds:F1} s, "
                + $"learning rate {metrics.LearningRate:G4}");
        }
    }
}
