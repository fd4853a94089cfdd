using ResNetMLNet.Data;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Network;
using ResNetMLNet.Training.Augmenting;
using ResNetMLNet.Training.Optimizing;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>Training from top to bottom: epochs of steps, each a batch forward, backward and a step of the optimizer.</summary>
/// <param name="state">Where training stands, and what is to be done; trained in place.</param>
/// <param name="loss">What to make small.</param>
/// <param name="train">The training images.</param>
/// <param name="validation">The images that are scored after each epoch, if any.</param>
/// <param name="soundness">Tells whether the weights that an epoch ends with are good for anything.</param>
/// <param name="exchange">The processes that train together with this one; null where it is alone.</param>
internal sealed class TrainingLoop(
    TrainingState state, Loss loss, ImageDataset train, ImageDataset? validation, Soundness soundness, Exchange? exchange)
{
    // Looking at the loss makes a GPU's host wait for the step; on the CPU it costs nothing.
    private const int StepsBetweenLooksOnGpu = 100;

    private readonly TrainingPlan _plan = state.Plan;
    private readonly long _stepsPerEpoch = state.Plan.StepsPerEpoch(train.Count);
    private readonly AugmentationPlan _augmentation = state.Plan.ToAugmentation();
    private readonly ProgressiveResizing _sizes = new(state.Network.Plan, state.Plan.InitialImageScale, state.Plan.GrownAfter);
    private readonly SharedBackward? _shared = exchange is null ? null : new(state, loss, train, exchange);
    private EpochImages _images = new(train);

    // Of the whole training.
    private long StepNow => (state.Epoch * _stepsPerEpoch) + state.Step;

    private int SizeOfBatch => (int)Math.Min(_plan.BatchSize, _images.Count - (state.Step * _plan.BatchSize));

    /// <summary>Trains from where the state stands to the end.</summary>
    /// <param name="betweenSteps">Called after every step of training and of validation with how far it is; may throw to stop.</param>
    /// <param name="epochDone">Called after every epoch; may throw to stop.</param>
    /// <exception cref="DivergenceException">A loss, the weights or the scores are infinite or not a number.</exception>
    public TrainingOutcome Run(Action<TrainingProgress> betweenSteps, Action epochDone)
    {
        while (state.Epoch < _plan.Epochs)
        {
            if (_plan.EarlyStopping?.IsDue(state.History) == true)
            {
                return TrainingOutcome.StoppedEarly;
            }

            state.BeginEpoch();
            var epochSeed = RandomStream.Derive(_plan.Seed, state.Epoch);
            _images = state.Pruning?.Draw(state.Epoch, _plan.Epochs, epochSeed) ?? _images;
            foreach (var batch in _images.Batches(_plan.BatchSize, epochSeed, skip: state.Step, exchange?.Share))
            {
                using (batch)
                {
                    soundness.Observe(batch, train.Format);
                    state.BeginStep();
                    Step(batch, epochSeed);
                    state.EndStep();
                }

                betweenSteps(Progress(TrainingPhase.Training, state.Step, _images.Count));
            }

            Align();
            var trained = state.Metrics.Sums;

            // By now a GPU has done all that it was given.
            var trainSeconds = state.Seconds;
            ThrowIfDiverged("loss", trained.MeanLoss);
            ThrowIfUnsound();
            var validated = validation is null ? (MetricSums?)null : Evaluate(validation, betweenSteps);
            ThrowIfDiverged("validation loss", validated?.MeanLoss ?? 0);
            state.EndEpoch(new()
            {
                Epoch = state.Epoch + 1,
                NumberOfEpochs = _plan.Epochs,
                TrainLoss = trained.MeanLoss,
                TrainAccuracy = trained.Accuracy,
                ValidationLoss = validated?.MeanLoss,
                ValidationAccuracy = validated?.Accuracy,
                LearningRate = LearningRateAt(state.Step - 1),
                NumberOfImages = _images.Count,
                ImagesPerSecond = _images.Count / trainSeconds,
                Seconds = state.Seconds,
            });
            epochDone();
        }

        return TrainingOutcome.Completed;
    }

    private void Step(ImageBatch batch, long epochSeed)
    {
        // A single left-over image has nothing to be normalised against; the next epoch has it elsewhere.
        if (SizeOfBatch == 1 && state.Network.SeesBatches && !train.Format.IsFeatures)
        {
            return;
        }

        using var scope = NewDisposeScope();
        var shape = _sizes.At(ScheduledStep(state.Step) / (_stepsPerEpoch * _plan.Epochs));
        var mix = Mixing.Draw(_augmentation, shape, RandomStream.Derive(epochSeed, StepNow));
        if (_shared is null)
        {
            StepAlone(batch, Logits(batch, shape, epochSeed, mix), mix);
        }
        else if (_shared.Run(batch, SizeOfBatch, () => Logits(batch, shape, epochSeed, mix), mix) is { } sums)
        {
            ThrowIfDiverged("loss", sums.Weight > 0 ? sums.MeanLoss : 0);
            state.Optimizer.Step(LearningRateAt(state.Step));
            state.Metrics.Add(sums);
        }

        state.Average?.Follow(StepNow);
    }

    private void StepAlone(ImageBatch batch, Tensor logits, Mixing mix)
    {
        var ofExamples = loss.ExampleWeights(batch);
        var weights = _images.Weigh(batch, ofExamples);
        var mean = mix.Loss(logits, batch.Labels, weights, _plan.LabelSmoothing);
        if (train.Device.type == DeviceType.CPU || StepNow % StepsBetweenLooksOnGpu == 0)
        {
            ThrowIfDiverged("loss", mean.item<float>());
        }

        BackwardPass.Run(() => mean.backward());
        state.Pruning?.Note(batch, logits, ofExamples);
        state.Optimizer.Step(LearningRateAt(state.Step) * _images.Stretch);
        state.Metrics.Add(mean, logits, batch.Labels, weights);
    }

    private Tensor Logits(ImageBatch batch, ImageShape shape, long epochSeed, Mixing mix) => train.Format.IsFeatures
        ? state.Network.Classify(batch.ToInput(train.Format))
        : state.Network.Forward(mix.Apply(Images(batch, shape, epochSeed)), training: true);

    private Tensor Images(ImageBatch batch, ImageShape shape, long epochSeed)
    {
        var format = train.Format with { Shape = shape };
        if (batch.Count == 0)
        {
            return empty([0, shape.Channels, shape.Height, shape.Width], ScalarType.Float32, train.Device);
        }

        // Each process changes its images in its own way.
        var seed = RandomStream.Derive(epochSeed, StepNow);
        seed = exchange is { Share.Rank: > 0 and var rank } ? RandomStream.Derive(seed, rank) : seed;
        var moment = new AugmentationMoment(seed, _plan.Seed, state.Epoch);
        return batch.ToInput(format, (raw, part) =>
            Augmenter.Apply(raw, batch.Numbers?[part], _augmentation, format, moment with { Part = part }));
    }

    private MetricSums Evaluate(ImageDataset images, Action<TrainingProgress> betweenSteps)
    {
        var steps = 0L;
        using var noGradients = no_grad();
        using var metrics = new MetricAccumulator(images.Device);
        var network = state.Scored;
        foreach (var batch in images.Batches(_plan.BatchSize, shuffle: null, share: exchange?.Share))
        {
            using (batch)
            {
                if (batch.Count > 0)
                {
                    Add(batch);
                }
            }

            betweenSteps(Progress(TrainingPhase.Validating, ++steps, images.Count));
        }

        return exchange?.Sum(metrics.Sums) ?? metrics.Sums;

        void Add(ImageBatch batch)
        {
            using var scope = NewDisposeScope();
            var weights = loss.ExampleWeights(batch);
            var input = batch.ToInput(images.Format);
            var logits = images.Format.IsFeatures ? network.Classify(input) : network.Forward(input, training: false);
            metrics.Add(Loss.Mean(logits, batch.Labels, weights), logits, batch.Labels, weights);
        }
    }

    private TrainingProgress Progress(TrainingPhase phase, long steps, long images) => new()
    {
        Phase = phase,
        Images = Math.Min(steps * _plan.BatchSize, images),
        NumberOfImages = images,
        Epoch = state.Epoch + 1,
        NumberOfEpochs = _plan.Epochs,
    };

    private double LearningRateAt(long stepOfEpoch) =>
        _plan.LearningRateAt(ScheduledStep(stepOfEpoch), _stepsPerEpoch * _plan.Epochs);

    // Of the whole training, as if no image were left out: an epoch that leaves some out has fewer and longer steps, whose middles count.
    private double ScheduledStep(long stepOfEpoch) => (state.Epoch * _stepsPerEpoch)
        + ((stepOfEpoch + 0.5) * (_stepsPerEpoch / (double)_plan.StepsPerEpoch(_images.Count))) - 0.5;

    /// <summary>
    /// Makes the weights of all processes the same, where those of <see cref="Muon"/>, or the norm of gradients, may differ in their last
    /// bits.
    /// </summary>
    public void Align()
    {
        if (_plan.MuonMultiplier is not null || _plan.GradientClipping is not null)
        {
            exchange?.Align();
        }
    }

    /// <exception cref="DivergenceException">The weights or the scores are infinite or not a number.</exception>
    public void ThrowIfUnsound()
    {
        // Each process scores images of its own.
        var what = soundness.Problem();
        if (exchange?.Any(what is not null) ?? what is not null)
        {
            throw Diverged($"The {what ?? "scores"} became infinite or not a number");
        }
    }

    private void ThrowIfDiverged(string name, double loss)
    {
        if (!double.IsFinite(loss))
        {
            throw Diverged(FormattableString.Invariant($"The {name} became {loss}"));
        }
    }

    private DivergenceException Diverged(string what)
    {
        state.Fail();
        // After an epoch there is no next step: it was the last one's doing.
        var (epoch, step) = (state.Epoch + 1, Math.Min(state.Step + 1, _plan.StepsPerEpoch(_images.Count)));
        var rate = LearningRateAt(step - 1);
        return new(
            FormattableString.Invariant($"{what} in epoch {epoch}, step {step} of {_plan.StepsPerEpoch(_images.Count)}, ")
            + FormattableString.Invariant($"at a learning rate of {rate:G4} (LearningRate = {_plan.LearningRate:G6}). ")
            + FormattableString.Invariant($"Try LearningRate = {_plan.LearningRate / 10:G6}, a tenth of it; ")
            + "if that does not help, check that pixels of type float are scaled to [0, 1], and try Precision = ComputePrecision.Float32. "
            + "The exception's LastGoodModel is the model after the last epoch that went well.")
        {
            Epoch = epoch,
            Step = step,
            LearningRate = rate,
        };
    }
}
