namespace ResNetMLNet.Network;

/// <summary>Folds a batch normalisation in evaluation into the convolution before it; nothing here is native.</summary>
internal static class Folding
{
    /// <summary>
    /// norm(w * x) = scale (w * x - mean) / sqrt(variance + epsilon) + shift is a convolution again, with the weights
    /// w scale / sqrt(variance + epsilon) and the bias shift - mean scale / sqrt(variance + epsilon).
    /// </summary>
    public static (float[] Weight, float[] Bias) Fold(ConvolutionPlan plan, NetworkWeights weights)
    {
        var weight = weights[plan.Weight].ToArray();
        if (plan.Normalisation is not { } name)
        {
            return (weight, weights[plan.Bias].ToArray());
        }

        var scale = weights[$"{name}.weight"];
        var shift = weights[$"{name}.bias"];
        var mean = weights[$"{name}.running_mean"];
        var variance = weights[$"{name}.running_var"];
        var bias = new float[plan.Outputs];
        var size = weight.Length / plan.Outputs;
        for (var output = 0; output < plan.Outputs; output++)
        {
            var factor = scale[output] / Math.Sqrt(variance[output] + ConvolutionLayer.Epsilon);
            bias[output] = (float)(shift[output] - (mean[output] * factor));
            foreach (ref var value in weight.AsSpan(output * size, size))
            {
                value = (float)(value * factor);
            }
        }

        return (weight, bias);
    }
}
