using System.Diagnostics.CodeAnalysis;
using ResNetMLNet.Formats;

namespace ResNetMLNet.Network;

/// <summary>Whether weights can be those of a network: for every way by which they come in.</summary>
internal static class WeightsCheck
{
    /// <summary>
    /// Says in words why tensors cannot be the network's, if they cannot: they differ in names or shapes, have values that are
    /// not finite, or negative variances.
    /// </summary>
    public static bool Rejects(this NetworkPlan plan, NamedTensors weights, [NotNullWhen(true)] out string? problem)
    {
        if (plan.Differs(weights, out problem))
        {
            return true;
        }

        var variances = plan.Tensors.Where(tensor => tensor.Role == TensorRole.RunningVariance);
        problem =
            weights.FirstNotFinite() is { } name ? $"the tensor '{name}' has values that are not finite" :
            variances.FirstOrDefault(tensor => weights.Tensors[tensor.Name].Data.Any(value => value < 0)) is { } negative
                ? $"the tensor '{negative.Name}' has negative values, which variances cannot have" :
            null;
        return problem is not null;
    }
}
