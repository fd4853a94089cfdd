using ResNetMLNet.Data;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Training.Augmenting;
using ResNetMLNet.Training.Optimizing;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>Training from top to bottom: epochs of steps, each a batch forward, backward and a step of the optimizer.</summary>
/// <param name="plan">What to do.</param>
/// <param name="loss">What to make small.</param>
/// <param name="train">The training images.</param>
/// <param name="validation">The images that are scored after each epoch, if any.</param>
/// <param name="soundness">Tells whether the weights that an epoch ends with are good for anything.</param>
/// <param name="exchange">The processes that train together with this one; null where it is alone.</param>
internal sealed partial class TrainingLoop(
    TrainingPlan plan, Loss loss, ImageDataset train, ImageDataset? validation, Soundness soundness, Exchange? exchange)
{
    // Looking at the loss makes a GPU's host wait for the step; on the CPU it costs nothing.
    private const int StepsBetweenLooksOnGpu = 100;

    private readonly long _stepsPerEpoch = plan.StepsPerEpoch(train.Count);
    private readonly AugmentationPlan _augmentation = plan.ToAugmentation();

    /// <summary>Trains from where the state stands to the end.</summary>
    /// <param name="state">Where training stands; trained in place.</param>
    /// <param name="betweenSteps">Called after every step of training and of validation with how far it is; may throw to stop.</param>
    /// <param name="epochDone">Called after every epoch; may throw to stop.</param>
    /// <exception cref="DivergenceException">A loss, the weights or the scores are infinite or not a number.</exception>
    public TrainingOutcome Run(TrainingState state, Action<TrainingProgress> betweenSteps, Action epochDone)
    {
        var sizes = new ProgressiveResizing(state.Network.Plan, plan.InitialImageScale, plan.GrownAfter);
        while (state.Epoch < plan.Epochs)
        {
            if (plan.EarlyStopping?.IsDue(state.History) == true)
            {
                return TrainingOutcome.StoppedEarly;
            }

            state.BeginEpoch();
            var epochSeed = RandomStream.Derive(plan.Seed, state.Epoch);
            foreach (var batch in train.Batches(plan.BatchSize, epochSeed, skip: state.Step, exchange?.Share))
            {
                using (batch)
                {
                    soundness.Observe(batch, train.Format);
                    state.BeginStep();
                    Step(state, batch, sizes, epochSeed);
                    state.EndStep();
                }

                betweenSteps(Progress(TrainingPhase.Training, state, state.Step, train));
            }

            Align();
            var (trainLoss, trainAccuracy) = state.Metrics.Read();

            // By now a GPU has done all that it was given.
            var trainSeconds = state.Seconds;
            ThrowIfDiverged("loss", trainLoss, state);
            ThrowIfUnsound(state);
            var (validationLoss, validationAccuracy) = validation is null ? (null, null) : Evaluate(state, validation, betweenSteps);
            ThrowIfDiverged("validation loss", validationLoss ?? 0, state);
            state.EndEpoch(new()
            {
                Epoch = state.Epoch + 1,
                NumberOfEpochs = plan.Epochs,
                TrainLoss = trainLoss,
                TrainAccuracy = trainAccuracy,
                ValidationLoss = validationLoss,
                ValidationAccuracy = validationAccuracy,
                LearningRate = LearningRateAt(state, state.Step - 1),
                ImagesPerSecond = train.Count / trainSeconds,
                Seconds = state.Seconds,
            });
            epochDone();
        }

        return TrainingOutcome.Completed;
    }

    private void Step(TrainingState state, ImageBatch batch, ProgressiveResizing sizes, long epochSeed)
    {
        // A single left-over image has nothing to be normalised against; the next epoch has it elsewhere.
        if (SizeOfBatch(state) == 1)
        {
            return;
        }

        using var scope = NewDisposeScope();
        var step = (state.Epoch * _stepsPerEpoch) + state.Step;
        if (exchange is null)
        {
            StepAlone(state, batch, Logits(state, batch, sizes, step, epochSeed), step);
        }
        else
        {
            StepTogether(state, batch, exchange, () => Logits(state, batch, sizes, step, epochSeed));
        }

        state.Average?.Follow(step);
    }

    private void StepAlone(TrainingState state, ImageBatch batch, Tensor logits, long step)
    {
        var weights = loss.ExampleWeights(batch);
        var mean = Loss.Mean(logits, batch.Labels, weights, plan.LabelSmoothing);
        if (train.Device.type == DeviceType.CPU || step % StepsBetweenLooksOnGpu == 0)
        {
            ThrowIfDiverged("loss", mean.item<float>(), state);
        }

        mean.backward();
        state.Optimizer.Step(LearningRateAt(state, state.Step));
        state.Metrics.Add(mean, logits, batch.Labels, weights);
    }

    private Tensor Logits(TrainingState state, ImageBatch batch, ProgressiveResizing sizes, long step, long epochSeed) =>
        train.Format.IsFeatures
            ? state.Network.Classify(batch.ToInput(train.Format))
            : state.Network.Forward(Images(batch, sizes, step, epochSeed), training: true);

    private Tensor Images(ImageBatch batch, ProgressiveResizing sizes, long step, long epochSeed)
    {
        var shape = sizes.At((double)step / (_stepsPerEpoch * plan.Epochs));
        var format = train.Format with { Shape = shape };
        if (batch.Count == 0)
        {
            return empty([0, shape.Channels, shape.Height, shape.Width], ScalarType.Float32, train.Device);
        }

        // Each process changes its images in its own way.
        var seed = RandomStream.Derive(epochSeed, step);
        seed = exchange is { Share.Rank: > 0 and var rank } ? RandomStream.Derive(seed, rank) : seed;
        var moment = new AugmentationMoment(seed, plan.Seed, (int)(step / _stepsPerEpoch));
        return batch.ToInput(format, (raw, part) =>
            Augmenter.Apply(raw, batch.Numbers?[part], _augmentation, format, moment with { Part = part }));
    }

    private (double? Loss, double? Accuracy) Evaluate(TrainingState state, ImageDataset images, Action<TrainingProgress> betweenSteps)
    {
        var steps = 0L;
        using var noGradients = no_grad();
        using var metrics = new MetricAccumulator(images.Device);
        var network = state.Scored;
        foreach (var batch in images.Batches(plan.BatchSize, shuffle: null, share: exchange?.Share))
        {
            using (batch)
            {
                if (batch.Count > 0)
                {
                    Add(batch);
                }
            }

            betweenSteps(Progress(TrainingPhase.Validating, state, ++steps, images));
        }

        metrics.Sums = exchange?.Sum(metrics.Sums) ?? metrics.Sums;
        return metrics.Read();

        void Add(ImageBatch batch)
        {
            using var scope = NewDisposeScope();
            var weights = loss.ExampleWeights(batch);
            var input = batch.ToInput(images.Format);
            var logits = images.Format.IsFeatures ? network.Classify(input) : network.Forward(input, training: false);
            metrics.Add(Loss.Mean(logits, batch.Labels, weights), logits, batch.Labels, weights);
        }
    }

    private TrainingProgress Progress(TrainingPhase phase, TrainingState state, long steps, ImageDataset images) => new()
    {
        Phase = phase,
        Images = Math.Min(steps * plan.BatchSize, images.Count),
        NumberOfImages = images.Count,
        Epoch = state.Epoch + 1,
        NumberOfEpochs = plan.Epochs,
    };

    private double LearningRateAt(TrainingState state, long stepOfEpoch) =>
        plan.LearningRateAt((state.Epoch * _stepsPerEpoch) + stepOfEpoch, _stepsPerEpoch * plan.Epochs);

    /// <summary>
    /// Makes the weights of all processes the same, where those of <see cref="Muon"/>, or the norm of gradients, may differ in their last
    /// bits.
    /// </summary>
    public void Align()
    {
        if (plan.MuonMultiplier is not null || plan.GradientClipping is not null)
        {
            exchange?.Align();
        }
    }

    /// <exception cref="DivergenceException">The weights or the scores are infinite or not a number.</exception>
    public void ThrowIfUnsound(TrainingState state)
    {
        // Each process scores images of its own.
        var what = soundness.Problem();
        if (exchange?.Any(what is not null) ?? what is not null)
        {
            throw Diverged($"The {what ?? "scores"} became infinite or not a number", state);
        }
    }

    private void ThrowIfDiverged(string name, double loss, TrainingState state)
    {
        if (!double.IsFinite(loss))
        {
            throw Diverged(FormattableString.Invariant($"The {name} became {loss}"), state);
        }
    }

    private DivergenceException Diverged(string what, TrainingState state)
    {
        state.Fail();
        // After an epoch there is no next step: it was the last one's doing.
        var (epoch, step) = (state.Epoch + 1, Math.Min(state.Step + 1, _stepsPerEpoch));
        var rate = LearningRateAt(state, step - 1);
        return new(
            FormattableString.Invariant($"{what} in epoch {epoch}, step {step} of {_stepsPerEpoch}, ")
            + FormattableString.Invariant($"at a learning rate of {rate:G4} (LearningRate = {plan.LearningRate:G6}). ")
            + FormattableString.Invariant($"Try LearningRate = {plan.LearningRate / 10:G6}, a tenth of it; ")
            + "if that does not help, check that pixels of type float are scaled to [0, 1], and try Precision = ComputePrecision.Float32. "
            + "The exception's LastGoodModel is the model after the last epoch that went well.")
        {
            Epoch = epoch,
            Step = step,
            LearningRate = rate,
        };
    }
}
