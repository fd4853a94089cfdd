using ResNetMLNet.Formats;

namespace ResNetMLNet.Network;

/// <summary>
/// Weights that make features smaller by a number, and all before the last stage's sums as it was. How large features are is a matter of
/// who trained the network (ImageNet's networks of several programs differ by four times), and with it how far a step of gradient descent
/// goes: for features of a mean square of 1, learning rates mean the same whoever it was.
/// </summary>
/// <remarks>
/// ReLU of a part of something is that part of its ReLU. So where the sums of the last stage are divided, the normalisation of all paths
/// to them is, and the normalisation behind the convolutions that see them expects that.
/// </remarks>
internal static class FeatureScale
{
    /// <summary>Whether the features of a network can be divided: not where zeros are padded to what the stage before puts out.</summary>
    public static bool IsFree(NetworkPlan plan) => plan.Closing is not null || plan.Stages[^1][0].Skip is not null;

    /// <summary>The same weights, but for those that make features.</summary>
    /// <param name="weights">The weights of a network whose features are free.</param>
    /// <param name="plan">That network.</param>
    /// <param name="divisor">What features are divided by.</param>
    /// <param name="keepsLogits">Whether the linear layer is to put out what it did, and is multiplied.</param>
    public static NamedTensors Divide(NamedTensors weights, NetworkPlan plan, double divisor, bool keepsLogits = false)
    {
        var changes = plan.Closing is { } closing ? Scaled(closing) : plan.Stages[^1].SelectMany(ChangesOf);
        if (keepsLogits)
        {
            changes = changes.Append((plan.Head!.Weight, (weight, _) => weight * divisor));
        }

        var changed = changes.ToDictionary(change => change.Tensor.Name, change => change.Change);
        return weights.Select((name, tensor) => changed.TryGetValue(name, out var change)
            ? [.. tensor.Data.Select((value, at) => (float)change(value, at))]
            : tensor.Data);

        double Divided(float value, int _) => value / divisor;

        IEnumerable<(TensorPlan Tensor, Func<float, int, double> Change)> Scaled(NormalisationPlan normalisation) =>
            [(normalisation.Scale, Divided), (normalisation.Shift, Divided)];

        IEnumerable<(TensorPlan Tensor, Func<float, int, double> Change)> ChangesOf(BlockPlan block) =>
        [
            .. Ends(block.Path[^1]),
            .. block.Skip is null ? Sees(block.Path[0]) : Ends(block.Skip),
        ];

        // What a path puts out.
        IEnumerable<(TensorPlan Tensor, Func<float, int, double> Change)> Ends(ConvolutionPlan convolution) =>
            convolution.Normalisation is { } normalisation ? Scaled(normalisation)
            : convolution.Bias is { } bias ? [(convolution.Weight, Divided), (bias, Divided)]
            : [(convolution.Weight, Divided)];

        // What a convolution of the next block is told of what it sees.
        IEnumerable<(TensorPlan Tensor, Func<float, int, double> Change)> Sees(ConvolutionPlan convolution)
        {
            var normalisation = convolution.Normalisation
                ?? throw new ArgumentException($"'{convolution.Name}' has no normalisation.");
            var variances = weights.Tensors[normalisation.RunningVariance.Name].Data;
            return
            [
                (normalisation.RunningMean, Divided),
                (normalisation.RunningVariance, (variance, _) => NormalisationPlan.NotNegative(1, Smaller(variance)).Variance),

                // A variance of nearly nothing would have to be less than that.
                (normalisation.Scale, (scale, channel) => NormalisationPlan.NotNegative(scale, Smaller(variances[channel])).Scale),
            ];
        }

        double Smaller(float variance) => ((variance + NormalisationPlan.Epsilon) / (divisor * divisor)) - NormalisationPlan.Epsilon;
    }
}
