using ResNetMLNet.Formats;

namespace ResNetMLNet.Network;

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
    /// <exception cref="InvalidDataException">They are of another network; the message says which tensors differ.</exception>
    public static NamedTensors Fit(NamedTensors file, NetworkPlan plan, NamedTensors fresh)
    {
        var keepsHead = plan.Head?.Tensors.All(tensor => Fits(file, tensor)) == true;
        var weights = new NamedTensors();
        var (missing, misshapen) = (new List<string>(), new List<string>());
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
                weights.Add(tensor.Name, tensor.Shape, values.Data);
            }
            else if (tensor.Name == plan.Stem.Weight.Name && ToChannels(values, tensor.Shape) is { } stem)
            {
                weights.Add(tensor.Name, tensor.Shape, stem);
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

    /// <summary>Weights for images of blue, green, red as those for red, green, blue.</summary>
    public static NamedTensors RedFirst(NamedTensors weights)
    {
        var result = new NamedTensors();
        foreach (var (name, (shape, data)) in weights.Tensors)
        {
            result.Add(name, shape, name == "conv1.weight" && shape[1] == 3 ? Reversed(data, (int)(shape[2] * shape[3])) : data);
        }

        return result;

        static float[] Reversed(float[] data, int size) =>
            [.. data.Chunk(3 * size).SelectMany(kernel => kernel.Chunk(size).Reverse().SelectMany(channel => channel))];
    }

    private static bool Fits(NamedTensors file, TensorPlan tensor) =>
        file.Tensors.TryGetValue(tensor.Name, out var values) && values.Shape.SequenceEqual(tensor.Shape);

    private static string[] Problem(string what, List<string> names) => names.Count == 0
        ? []
        : [$"{what}: {string.Join(", ", names.Take(Listed))}{(names.Count > Listed ? $" and {names.Count - Listed} more" : "")}"];

    // What is grey is the same in all three channels: it sees the sum of their weights.
    private static float[]? ToChannels(NamedTensors.Values stem, long[] shape)
    {
        if (stem.Shape is not [var outputs, 1 or 3, var height, var width]
            || !((long[])[outputs, shape[1], height, width]).SequenceEqual(shape))
        {
            return null;
        }

        var (from, to, size) = ((int)stem.Shape[1], (int)shape[1], (int)(height * width));
        var values = new float[shape.Aggregate(1L, (count, side) => count * side)];
        for (var i = 0; i < values.Length; i++)
        {
            var (output, at) = (i / (to * size), i % size);
            for (var channel = 0; channel < from; channel++)
            {
                values[i] += stem.Data[(((output * from) + channel) * size) + at] / to;
            }
        }

        return values;
    }
}
