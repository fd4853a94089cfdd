using ResNetMLNet.Formats;

namespace ResNetMLNet.Network.Importing;

/// <summary>Weights of another origin, made to fit a network.</summary>
internal static class WeightImport
{
    private const int Listed = 5;

    /// <summary>
    /// The file's weights for every tensor of the network. A head of another shape is left fresh; a first convolution for three channels is
    /// summed up for one, and one for a single channel is spread over three. A network without a head takes none.
    /// </summary>
    /// <param name="file">Weights under torchvision's names.</param>
    /// <param name="plan">The network.</param>
    /// <param name="fresh">Its fresh weights; empty where it has no head.</param>
    /// <param name="seen">What the file's network does to pixels; null for nothing.</param>
    /// <exception cref="InvalidDataException">They are of another network; the message says which tensors differ.</exception>
    public static NamedTensors Fit(NamedTensors file, NetworkPlan plan, NamedTensors fresh, PixelStatistics? seen = null)
    {
        var keepsHead = HasHead(file, plan);
        var weights = new NamedTensors();
        var (missing, misshapen) = (new List<string>(), new List<string>());
        var stem = StemChannels.Of(file, plan, seen);
        foreach (var tensor in plan.Tensors)
        {
            if (tensor.IsHead && !keepsHead)
            {
                weights.Add(tensor.Name, tensor.Shape, fresh.Tensors[tensor.Name].Data);
            }
            else if (!file.Tensors.TryGetValue(tensor.Name, out var values))
            {
                missing.Add(tensor.Name);
            }
            else if (values.Shape.SequenceEqual(tensor.Shape))
            {
                // Colours have a mean each, grey has one.
                var isOffset = stem is not null && plan.Input.Channels == 1 && tensor.Name == plan.Stem.Normalisation?.RunningMean.Name;
                weights.Add(
                    tensor.Name,
                    tensor.Shape,
                    isOffset ? [.. values.Data.Zip(stem!.Offsets(), (mean, offset) => (float)(mean - offset))] : values.Data);
            }
            else if (stem is not null && tensor.Name == plan.Stem.Weight.Name)
            {
                weights.Add(tensor.Name, tensor.Shape, stem.Weights(plan.Input.Channels));
            }
            else
            {
                misshapen.Add($"{tensor.Name} {values.ShapeText} instead of {tensor.ShapeText}");
            }
        }

        var known = plan.Tensors.Select(tensor => tensor.Name).ToHashSet();
        string[] problems =
        [
            .. Problem("missing", missing),
            .. Problem("of another shape", misshapen),
            .. Problem("not of this network", [.. file.Tensors.Keys.Where(name => !known.Contains(name) && !LinearPlan.IsOf(name))]),
        ];
        return problems.Length == 0
            ? weights
            : throw new InvalidDataException($"its tensors are not those of {plan.Architecture}: {string.Join("; ", problems)}");
    }

    /// <summary>Whether weights have a linear layer that fits the network's, which then stays.</summary>
    public static bool HasHead(NamedTensors file, NetworkPlan plan) => plan.Head?.Tensors.All(tensor => Fits(file, tensor)) == true;

    /// <summary>Weights for images of blue, green, red as those for red, green, blue.</summary>
    public static NamedTensors RedFirst(NamedTensors weights)
    {
        return weights.Select((name, tensor) => name == "conv1.weight" && tensor.Shape[1] == 3
            ? Reversed(tensor.Data, (int)(tensor.Shape[2] * tensor.Shape[3]))
            : tensor.Data);

        static float[] Reversed(float[] data, int size) =>
            [.. data.Chunk(3 * size).SelectMany(kernel => kernel.Chunk(size).Reverse().SelectMany(channel => channel))];
    }

    private static bool Fits(NamedTensors file, TensorPlan tensor) =>
        file.Tensors.TryGetValue(tensor.Name, out var values) && values.Shape.SequenceEqual(tensor.Shape);

    private static string[] Problem(string what, List<string> names) => names.Count == 0
        ? []
        : [$"{what}: {string.Join(", ", names.Take(Listed))}{(names.Count > Listed ? $" and {names.Count - Listed} more" : "")}"];
}
