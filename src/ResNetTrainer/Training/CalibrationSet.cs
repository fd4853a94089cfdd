using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Network;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>
/// The logits of a set of labelled images, in managed memory, and how good the probabilities are that a temperature makes of them.
/// </summary>
/// <param name="Views">The logits, image by image, of each view that a probability is the mean of.</param>
/// <param name="Labels">The classes.</param>
/// <param name="Weights">How much each image counts.</param>
internal sealed record CalibrationSet(IReadOnlyList<float[]> Views, int[] Labels, float[] Weights)
{
    private int Classes => Views[0].Length / Labels.Length;

    /// <summary>Whether the probability of the right class is the greatest, for every image that counts in every view.</summary>
    public bool IsAllRight => Each().All(image => image.Logits[image.Label] >= image.Logits.Max());

    /// <summary>Whether logits of the right class are greater than others, on the average.</summary>
    public bool IsBetterThanChance =>
        Each().Sum(image => image.Weight * (image.Logits[image.Label] - (double)image.Logits.Average())) > 0;

    /// <summary>Scores images as a model of the network will.</summary>
    /// <param name="network">The network, with the weights that the model gets.</param>
    /// <param name="images">The images.</param>
    /// <param name="loss">What says how much each counts.</param>
    /// <param name="shown">The views that a score is the mean of.</param>
    /// <param name="batchSize">Images at a time.</param>
    /// <param name="betweenBatches">Called after each batch; may throw to stop.</param>
    public static CalibrationSet Of(
        FoldedNetwork network, ImageDataset images, Loss loss, ImageView[] shown, int batchSize, Action betweenBatches)
    {
        using var noGradients = no_grad();
        var views = shown.Select(_ => new List<float>()).ToArray();
        var (labels, weights) = (new List<int>(), new List<float>());
        foreach (var batch in images.Batches(batchSize, shuffle: null))
        {
            using (batch)
            {
                using var scope = NewDisposeScope();
                var input = batch.ToInput(images.Format);
                foreach (var (view, logits) in shown.Zip(views))
                {
                    logits.AddRange(ToArray(network.Forward(view.Show(input))));
                }

                labels.AddRange(batch.Labels.cpu().data<long>().ToArray().Select(label => (int)label));
                weights.AddRange(loss.ExampleWeights(batch) is { } some ? ToArray(some) : Enumerable.Repeat(1f, (int)batch.Count));
            }

            betweenBatches();
        }

        return new([.. views.Select(view => view.ToArray())], [.. labels], [.. weights]);
    }

    /// <summary>The mean cross-entropy and the calibration error of the probabilities of a temperature.</summary>
    public (double Loss, double Error) Measure(double temperature)
    {
        var (loss, weight, bins, probabilities) = (0.0, 0.0, new CalibrationBins(), new double[Classes]);
        for (var image = 0; image < Labels.Length; image++)
        {
            Array.Clear(probabilities);
            var right = double.NegativeInfinity;
            foreach (var view in Views)
            {
                right = LogOfSum(right, Softmax(view.AsSpan(image * Classes, Classes), Labels[image], temperature, probabilities));
            }

            loss += Weights[image] * (Math.Log(Views.Count) - right);
            weight += Weights[image];
            var best = probabilities.Max();
            bins.Add(best / Views.Count, Array.IndexOf(probabilities, best) == Labels[image], Weights[image]);
        }

        return (loss / weight, bins.Error);
    }

    // Adds the probabilities of a view, and returns the logarithm of the label's, which may be too small for a number itself.
    private static double Softmax(ReadOnlySpan<float> logits, int label, double temperature, double[] probabilities)
    {
        var (greatest, sum) = ((double)System.Numerics.Tensors.TensorPrimitives.Max(logits), 0.0);
        foreach (var logit in logits)
        {
            sum += Math.Exp((logit - greatest) / temperature);
        }

        for (var i = 0; i < logits.Length; i++)
        {
            probabilities[i] += Math.Exp((logits[i] - greatest) / temperature) / sum;
        }

        return ((logits[label] - greatest) / temperature) - Math.Log(sum);
    }

    private static double LogOfSum(double one, double other) =>
        Math.Max(one, other) + Math.Log(1 + Math.Exp(-Math.Abs(one - other)));

    private static float[] ToArray(Tensor values) => values.to_type(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();

    private IEnumerable<(float[] Logits, int Label, float Weight)> Each() =>
        from view in Views
        from image in Enumerable.Range(0, Labels.Length)
        where Weights[image] > 0
        select (view[(image * Classes)..((image + 1) * Classes)], Labels[image], Weights[image]);
}
