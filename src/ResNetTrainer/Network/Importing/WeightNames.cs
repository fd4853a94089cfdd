using ResNetMLNet.Formats;

namespace ResNetMLNet.Network.Importing;

/// <summary>Tensors under the names of torchvision's ResNets, whatever they were saved under.</summary>
internal static class WeightNames
{
    // What wrappers put before the names of everything within.
    private static readonly string[] _wrappers =
        ["state_dict.", "model_state_dict.", "model.", "module.", "_orig_mod.", "backbone.", "net.", "resnet."];

    public static NamedTensors Normalise(NamedTensors file)
    {
        var weights = file.Where(name => !name.EndsWith(".num_batches_tracked", StringComparison.Ordinal));
        return WithoutInertBiases(weights.Under(Prefix(weights.Tensors.Keys)).Rename(Translate));
    }

    // That under which the first convolution is found.
    private static string Prefix(IEnumerable<string> names)
    {
        const string Stem = "conv1.weight";
        var stems = names
            .Where(name => name == Stem || name.EndsWith($".{Stem}", StringComparison.Ordinal))
            .Select(name => name[..^Stem.Length]);
        return stems.FirstOrDefault(IsWrapper) ?? "";
    }

    private static bool IsWrapper(string prefix)
    {
        var at = 0;
        while (at < prefix.Length)
        {
            if (_wrappers.FirstOrDefault(wrapper => prefix.AsSpan(at).StartsWith(wrapper, StringComparison.Ordinal)) is not { } next)
            {
                return false;
            }

            at += next.Length;
        }

        return true;
    }

    private static string Translate(string name) => name
        .Replace(".shortcut.", ".downsample.", StringComparison.Ordinal)
        .Replace("linear.", "fc.", StringComparison.Ordinal);

    // A bias in front of a normalisation is cancelled by it in training; in evaluation a running mean that is smaller by it says the same.
    private static NamedTensors WithoutInertBiases(NamedTensors weights)
    {
        // In a network with normalisation before convolutions, the one of the same number stands before: the stem's alone, behind.
        var isPreActivation = weights.Tensors.ContainsKey("norm.weight");
        var inert = weights.Tensors.Keys
            .Where(name => name.EndsWith(".bias", StringComparison.Ordinal) && (!isPreActivation || name == "conv1.bias"))
            .Select(bias => (Bias: bias, Mean: MeanBehind(bias)))
            .Where(pair => pair.Mean is not null && weights.Tensors.TryGetValue(pair.Mean, out var mean)
                && mean.Data.Length == weights[pair.Bias].Length)
            .ToDictionary(pair => pair.Mean!, pair => pair.Bias);
        return weights
            .Where(name => !inert.ContainsValue(name))
            .Select((name, tensor) => inert.TryGetValue(name, out var bias) ? Less(tensor.Data, weights.Tensors[bias].Data) : tensor.Data);
    }

    // layer1.0.conv2.bias: layer1.0.bn2.running_mean; layer2.0.downsample.0.bias: layer2.0.downsample.1.running_mean.
    private static string? MeanBehind(string bias)
    {
        var layer = bias[..^".bias".Length];
        var at = layer.LastIndexOf('.') + 1;
        return layer[at..].StartsWith("conv", StringComparison.Ordinal) ? $"{layer[..at]}bn{layer[(at + 4)..]}.running_mean"
            : layer.EndsWith("downsample.0", StringComparison.Ordinal) ? $"{layer[..^1]}1.running_mean"
            : null;
    }

    private static float[] Less(float[] values, float[] others) => [.. values.Zip(others, (value, other) => value - other)];
}
