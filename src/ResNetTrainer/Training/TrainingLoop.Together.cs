using ResNetMLNet.Data;
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
        var (share, sums) = (0.0, new double[3]);
        if (TakesPart(state.Network, batch.Count))
        {
            var weights = loss.ExampleWeights(batch);
            var outputs = logits();
            var mean = batch.Count == 0 ? outputs.sum() : Loss.Mean(outputs, batch.Labels, weights, plan.LabelSmoothing);
            sums = batch.Count == 0 ? sums : MetricAccumulator.SumsOf(mean, outputs, batch.Labels, weights).cpu().data<double>().ToArray();
            share = ShareOf(state, together, sums[^1], weights is not null);
            using Scalar factor = share;
            mean.mul(factor).backward();
        }
        else
        {
            share = ShareOf(state, together, 0, loss.IsWeighted);
        }

        var all = together.Run(share, sums);
        ThrowIfDiverged("loss", all[^1] > 0 ? all[0] / all[^1] : 0, state);
        state.Optimizer.Step(LearningRateAt(state, state.Step));
        state.Metrics.Add(all);
    }

    // How many images there are in all, each process knows; what they weigh, it has to be told.
    private double ShareOf(TrainingState state, Exchange together, double weight, bool isWeighted)
    {
        if (isWeighted)
        {
            var all = together.Sum([weight])[0];
            return all > 0 ? weight / all : 0;
        }

        var images = (int)SizeOfBatch(state);
        var counts = Enumerable.Range(0, together.Share.Size).Select(rank => (together.Share with { Rank = rank }).Of(images).Count);
        var taken = counts.Where(count => TakesPart(state.Network, count)).Sum();
        return taken > 0 ? weight / taken : 0;
    }

    private long SizeOfBatch(TrainingState state) => Math.Min(plan.BatchSize, train.Count - (state.Step * plan.BatchSize));

    // Where processes normalise together, each of them must, also one that has no image.
    private bool TakesPart(TrainableNetwork network, long images)
    {
        var isNormalised = network.NormalisesByBatch && !train.Format.IsFeatures;
        return (isNormalised && network.NormalisesWith is not null) || images > (isNormalised ? 1 : 0);
    }
}
