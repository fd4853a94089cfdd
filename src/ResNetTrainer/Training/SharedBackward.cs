using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Network;
using ResNetMLNet.Training.Augmenting;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>The backward pass of a batch of which each of several processes has a part.</summary>
/// <param name="state">The training.</param>
/// <param name="loss">What to make small.</param>
/// <param name="train">The training images.</param>
/// <param name="exchange">What the processes tell each other.</param>
internal sealed class SharedBackward(TrainingState state, Loss loss, ImageDataset train, Exchange exchange)
{
    /// <summary>Leaves the gradients of the whole batch in each process.</summary>
    /// <param name="batch">The part of this one, which may have no image.</param>
    /// <param name="images">How many images all have.</param>
    /// <param name="logits">Runs the network on the part.</param>
    /// <param name="mix">How its images are mixed.</param>
    /// <returns>What metrics of the whole batch are made of; null where there is nothing to learn from it.</returns>
    public MetricSums? Run(ImageBatch batch, int images, Func<Tensor> logits, Mixing mix)
    {
        // Each of them may be left with a single image, or none: as one process with a single image, they leave the step out.
        var taken = Counts(images).Where(TakesPart).ToArray();
        if (taken.Length == 0)
        {
            return null;
        }

        var (mean, sums) = (default(Tensor), default(MetricSums));
        if (TakesPart(batch.Count))
        {
            var outputs = logits();
            if (batch.Count == 0)
            {
                mean = outputs.sum();
            }
            else
            {
                var weights = loss.ExampleWeights(batch);
                mean = mix.Loss(outputs, batch.Labels, weights, state.Plan.LabelSmoothing);
                sums = MetricSums.Of(MetricSums.Of(mean, outputs, batch.Labels, weights));
            }
        }

        // The mean over the whole batch is the sum of the processes' shares of it.
        var all = taken.Sum();
        var share = ShareOf(sums.Weight, all);
        if (mean is not null)
        {
            using Scalar factor = share;
            var part = mean.mul(factor);
            BackwardPass.Run(() => part.backward());
        }

        // Normalisation counts every image alike, whatever it weighs in the loss.
        return exchange.Run(mean is null ? 0 : (double)batch.Count / all, sums);
    }

    // How many images there are in all, each process knows; what they weigh, it has to be told. Where they weigh nothing, there are no
    // gradients.
    private double ShareOf(double weight, long images)
    {
        var all = loss.IsWeighted ? exchange.Sum(weight) : images;
        return all > 0 ? weight / all : 0;
    }

    // The images of the batch that each process has.
    private IEnumerable<long> Counts(int images) =>
        Enumerable.Range(0, exchange.Share.Size).Select(rank => (long)(exchange.Share with { Rank = rank }).Of(images).Count);

    // Where processes normalise together, each of them must, also one that has no image.
    private bool TakesPart(long images)
    {
        var isNormalised = state.Network.SeesBatches && !train.Format.IsFeatures;
        return (isNormalised && state.Network.NormalisesWith is not null) || images > (isNormalised ? 1 : 0);
    }
}
