using System.Diagnostics;
using ResNetMLNet.Data;
using ResNetMLNet.Hosting;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Training;

/// <summary>Training from top to bottom: epochs of steps, each a batch forward, backward and a step of the optimizer.</summary>
internal sealed class TrainingLoop(TrainingPlan plan, ResNet network, PictureSet train, PictureSet? validation)
{
    /// <summary>Trains the network in place.</summary>
    /// <param name="stepDone">Called after every step; may throw to stop.</param>
    /// <param name="epochDone">Called after every epoch.</param>
    public List<EpochMetrics> Run(Action stepDone, Action<EpochMetrics> epochDone)
    {
        var history = new List<EpochMetrics>();
        var stepsPerEpoch = (train.Count + plan.BatchSize - 1) / plan.BatchSize;
        var steps = stepsPerEpoch * plan.Epochs;
        var sizes = new PictureSizes(network.Plan, train.Format.Shape, plan.SmallestPictures, plan.GrownAfter);
        using var optimizer = new SgdOptimizer(network, plan.Momentum, plan.WeightDecay);

        for (var epoch = 0; epoch < plan.Epochs; epoch++)
        {
            var watch = Stopwatch.StartNew();
            var epochSeed = RandomStream.Derive(plan.Seed, epoch);
            using var tally = new Tally(train.Device);
            var step = epoch * stepsPerEpoch;

            foreach (var batch in train.Batches(plan.BatchSize, shuffle: epochSeed))
            {
                using (batch)
                {
                    // A single left-over picture has nothing to be normalised against; the next epoch has it elsewhere.
                    if (batch.Count == 1)
                    {
                        continue;
                    }

                    using var scope = NewDisposeScope();
                    var stepSeed = RandomStream.Derive(epochSeed, step);
                    var pictures = batch.ToInput(train.Format with { Shape = sizes.At((double)step / steps) }, raw => Augmenter.Apply(raw, plan.Augmentation, stepSeed));
                    var logits = network.Forward(pictures, training: true);
                    var loss = functional.cross_entropy(logits, batch.Labels, label_smoothing: plan.LabelSmoothing);
                    loss.backward();
                    optimizer.Step(plan.LearningRateAt(step, steps));
                    tally.Add(loss, logits, batch.Labels);
                }

                step++;
                stepDone();
            }

            var (trainLoss, trainAccuracy) = tally.Read();
            if (!double.IsFinite(trainLoss))
            {
                throw new NotFiniteNumberException(
                    $"The loss became {trainLoss} in epoch {epoch + 1}, with a learning rate of up to {plan.LearningRate}. Try a tenth of it; if that does not help, "
                    + "check that pixels of type float are scaled to [0, 1], and try Precision = ComputePrecision.Float32.");
            }

            var trainSeconds = watch.Elapsed.TotalSeconds;
            var (validationLoss, validationAccuracy) = validation is null ? (null, null) : Evaluate(validation);
            history.Add(new(
                epoch + 1,
                plan.Epochs,
                trainLoss,
                trainAccuracy,
                validationLoss,
                validationAccuracy,
                plan.LearningRateAt(step - 1, steps),
                train.Count / trainSeconds,
                watch.Elapsed.TotalSeconds));
            epochDone(history[^1]);
        }

        return history;
    }

    private (double? Loss, double? Accuracy) Evaluate(PictureSet pictures)
    {
        using var noGradients = no_grad();
        using var tally = new Tally(pictures.Device);
        foreach (var batch in pictures.Batches(plan.BatchSize, shuffle: null))
        {
            using (batch)
            {
                using var scope = NewDisposeScope();
                var logits = network.Forward(batch.ToInput(pictures.Format), training: false);
                tally.Add(functional.cross_entropy(logits, batch.Labels), logits, batch.Labels);
            }
        }

        return tally.Read();
    }
}
