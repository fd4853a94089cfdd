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
            return (weight, weights[plan.Bias!.Name].ToArray());
        }

        var scale = weights[normalisation.Scale.Name];
        var shift = weights[normalisation.Shift.Name];
        var mean = weights[normalisation.RunningMean.Name];
        var variance = weights[normalisation.RunningVariance.Name];
        var bias = new float[plan.Outputs];
        var size = weight.Length / plan.Outputs;
        for (var output = 0; output < plan.Outputs; output++)
        {
            var factor = scale[output] / Math.Sqrt(variance[output] + NormalisationPlan.Epsilon);
            bias[output] = (float)(shift[output] - (mean[output] * factor));
            foreach (ref var value in weight.AsSpan(output * size, size))
            {
                value = (float)(value * factor);
            }
        }

        return (weight, bias);
    }
}
