using ResNetMLNet.Formats;

namespace ResNetMLNet.Network;

/// <summary>Folds a batch normalisation in evaluation into the convolution before it; nothing here is native.</summary>
internal static class Folding
{
    /// <summary>
    /// norm(w * x) = scale (w * x - mean) / sqrt(variance + epsilon) + shift is a convolution again, with the weights
    /// w scale / sqrt(variance + epsilon) and the bias shift - mean scale / sqrt(variance + epsilon).
    /// </summary>
    public static (float[] Weight, float[] Bias) Fold(ConvolutionPlan plan, NamedTensors weights)
    {
        var weight = weights[plan.Weight.Name].ToArray();
        if (plan.Normalisation is not { } normalisation)
        {
            return (weight, plan.Bias is { } own ? weights[own.Name].ToArray() : new float[plan.Outputs]);
        }

        var (factor, shift) = Affine(normalisation, weights);
        var size = weight.Length / plan.Outputs;
        for (var output = 0; output < plan.Outputs; output++)
        {
            foreach (ref var value in weight.AsSpan(output * size, size))
            {
                value = (float)(value * factor[output]);
            }
        }

        return (weight, [.. shift.Select(value => (float)value)]);
    }

    /// <summary>A normalisation as x factor + shift, channel by channel.</summary>
    public static (double[] Factor, double[] Shift) Affine(NormalisationPlan plan, NamedTensors weights)
    {
        var scale = weights[plan.Scale.Name];
        var shift = weights[plan.Shift.Name];
        var mean = weights[plan.RunningMean.Name];
        var variance = weights[plan.RunningVariance.Name];
        var (factors, shifts) = (new double[plan.Channels], new double[plan.Channels]);
        for (var channel = 0; channel < plan.Channels; channel++)
        {
            factors[channel] = scale[channel] / Math.Sqrt(variance[channel] + NormalisationPlan.Epsilon);
            shifts[channel] = shift[channel] - (mean[channel] * factors[channel]);
        }

        return (factors, shifts);
    }
}
