using ResNetMLNet.Data;
using ResNetMLNet.Hosting;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>Training from top to bottom: epochs of steps, each a batch forward, backward and a step of the optimizer.</summary>
/// <param name="plan">What to do.</param>
/// <param name="loss">What to make small.</param>
/// <param name="train">The training pictures.</param>
/// <param name="validation">The pictures that are scored after each epoch, if any.</param>
internal sealed class TrainingLoop(TrainingPlan plan, Loss loss, PictureSet train, PictureSet? validation)
{
    // Looking at the loss makes a GPU's host wait for the step; on the CPU it costs nothing.
    private const int StepsBetweenLooksOnGpu = 100;

    private readonly long _stepsPerEpoch = (train.Count + plan.BatchSize - 1) / plan.BatchSize;

    /// <summary>Trains from where the state stands to the end.</summary>
    /// <param name="state">Where training stands; trained in place.</param>
    /// <param name="betweenSteps">Called after every step of training and of validation; may throw to stop.</param>
    /// <param name="epochDone">Called after every epoch; may throw to stop.</param>
    /// <exception cref="TrainingDivergedException">The loss is infinite or not a number.</exception>
    public TrainingOutcome Run(TrainingState state, Action betweenSteps, Action epochDone)
    {
        var sizes = new PictureSizes(state.Network.Plan, train.Format.Shape, plan.SmallestPictures, plan.GrownAfter);
        while (state.Epoch < plan.Epochs)
        {
            if (plan.EarlyStopping?.IsDue(state.History) == true)
            {
                return TrainingOutcome.StoppedEarly;
            }

            state.BeginEpoch();
            var epochSeed = RandomStream.Derive(plan.Seed, state.Epoch);
            foreach (var batch in train.Batches(plan.BatchSize, shuffle: epochSeed, skip: state.Step))
            {
                using (batch)
                {
                    state.BeginStep();
                    Step(state, batch, sizes, epochSeed);
                    state.EndStep();
                }

                betweenSteps();
            }

            var trainSeconds = state.Seconds;
            var (trainLoss, trainAccuracy) = state.Tally.Read();
            ThrowIfDiverged(trainLoss, state);
            var (validationLoss, validationAccuracy) = validation is null ? (null, null) : Evaluate(state, validation, betweenSteps);
            state.EndEpoch(new(
                state.Epoch + 1,
                plan.Epochs,
                trainLoss,
                trainAccuracy,
                validationLoss,
                validationAccuracy,
                LearningRateAt(state, state.Step - 1),
                train.Count / trainSeconds,
                state.Seconds));
            epochDone();
        }

        return TrainingOutcome.Completed;
    }

    private void Step(TrainingState state, PictureBatch batch, PictureSizes sizes, long epochSeed)
    {
        // A single left-over picture has nothing to be normalised against; the next epoch has it elsewhere.
        if (batch.Count == 1)
        {
            return;
        }

        using var scope = NewDisposeScope();
        var step = (state.Epoch * _stepsPerEpoch) + state.Step;
        var shape = sizes.At((double)step / (_stepsPerEpoch * plan.Epochs));
        var stepSeed = RandomStream.Derive(epochSeed, step);
        var pictures = batch.ToInput(train.Format with { Shape = shape }, raw => Augmenter.Apply(raw, plan.Augmentation, stepSeed));
        var weights = loss.WeightsOf(batch);
        var logits = state.Network.Forward(pictures, training: true);
        var mean = Loss.Mean(logits, batch.Labels, weights, plan.LabelSmoothing);
        if (train.Device.type == DeviceType.CPU || step % StepsBetweenLooksOnGpu == 0)
        {
            ThrowIfDiverged(mean.item<float>(), state);
        }

        mean.backward();
        state.Optimizer.Step(LearningRateAt(state, state.Step));
        state.Tally.Add(mean, logits, batch.Labels, weights);
    }

    private (double? Loss, double? Accuracy) Evaluate(TrainingState state, PictureSet pictures, Action betweenSteps)
    {
        using var noGradients = no_grad();
        using var tally = new Tally(pictures.Device);
        foreach (var batch in pictures.Batches(plan.BatchSize, shuffle: null))
        {
            using (batch)
            {
                using var scope = NewDisposeScope();
                var weights = loss.WeightsOf(batch);
                var logits = state.Network.Forward(batch.ToInput(pictures.Format), training: false);
                tally.Add(Loss.Mean(logits, batch.Labels, weights), logits, batch.Labels, weights);
            }

            betweenSteps();
        }

        return tally.Read();
    }

    private double LearningRateAt(TrainingState state, long stepOfEpoch) =>
        plan.LearningRateAt((state.Epoch * _stepsPerEpoch) + stepOfEpoch, _stepsPerEpoch * plan.Epochs);

    private void ThrowIfDiverged(double value, TrainingState state)
    {
        if (!double.IsFinite(value))
        {
            var (epoch, step, rate) = (state.Epoch + 1, Math.Min(state.Step + 1, _stepsPerEpoch), LearningRateAt(state, state.Step));
            throw new TrainingDivergedException(
                FormattableString.Invariant($"The loss became {value} in epoch {epoch}, step {step} of {_stepsPerEpoch}, at a learning rate of {rate:G4}. ")
                + FormattableString.Invariant($"Try LearningRate = {plan.LearningRate / 10:G2}, a tenth of what it was; if that does not help, check that pixels of type ")
                + "float are scaled to [0, 1], and try Precision = ComputePrecision.Float32. The exception's LastGoodModel is the model after the last epoch that went well.",
                epoch, step, rate);
        }
    }
}
