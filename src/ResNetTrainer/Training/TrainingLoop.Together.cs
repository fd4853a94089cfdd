using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

// A step of several processes.
internal sealed partial class TrainingLoop
{
    // The mean over the whole batch is the sum of the processes' shares of it.
    private void StepTogether(TrainingState state, ImageBatch batch, Exchange together, Func<Tensor> logits)
    {
        // Each of them may be left with a single image, or none: as one process with a single image, they leave the step out.
        var taken = Counts(state, together).Where(count => TakesPart(state.Network, count)).ToArray();
        if (taken.Length == 0)
        {
            return;
        }

        var (mean, sums) = (default(Tensor), new double[3]);
        if (TakesPart(state.Network, batch.Count))
        {
            var outputs = logits();
            if (batch.Count == 0)
            {
                mean = outputs.sum();
            }
            else
            {
                var weights = loss.ExampleWeights(batch);
                mean = Loss.Mean(outputs, batch.Labels, weights, plan.LabelSmoothing);
                sums = MetricAccumulator.SumsOf(mean, outputs, batch.Labels, weights).cpu().data<double>().ToArray();
            }
        }

        var share = ShareOf(together, sums[^1], taken.Sum());
        using Scalar factor = share;
        mean?.mul(factor).backward();
        var all = together.Run(share, sums);
        ThrowIfDiverged("loss", all[^1] > 0 ? all[0] / all[^1] : 0, state);
        state.Optimizer.Step(LearningRateAt(state, state.Step));
        state.Metrics.Add(all);
    }

    // How many images there are in all, each process knows; what they weigh, it has to be told. Where they weigh nothing, there are no
    // gradients, and the running statistics are the mean of all processes'.
    private double ShareOf(Exchange together, double weight, long images)
    {
        var all = loss.IsWeighted ? together.Sum([weight])[0] : images;
        return all > 0 ? weight / all : 1.0 / together.Share.Size;
    }

    // The images of the batch that each process has.
    private IEnumerable<long> Counts(TrainingState state, Exchange together)
    {
        var images = (int)SizeOfBatch(state);
        return Enumerable.Range(0, together.Share.Size).Select(rank => (long)(together.Share with { Rank = rank }).Of(images).Count);
    }

    private long SizeOfBatch(TrainingState state) => Math.Min(plan.BatchSize, train.Count - (state.Step * plan.BatchSize));

    // Where processes normalise together, each of them must, also one that has no image.
    private bool TakesPart(TrainableNetwork network, long images)
    {
        var isNormalised = network.NormalisesByBatch && !train.Format.IsFeatures;
        return (isNormalised && network.NormalisesWith is not null) || images > (isNormalised ? 1 : 0);
    }
}
