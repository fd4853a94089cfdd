using ResNetMLNet.Formats;
using ResNetMLNet.Network;

namespace ResNetMLNet.Training;

/// <summary>The weights that training goes on from when it starts from a model whose classes may be others.</summary>
internal static class StartingWeights
{
    /// <summary>
    /// The old network's weights, with the rows of its linear layer put where the classes of their names are now; new classes
    /// keep fresh rows.
    /// </summary>
    /// <param name="old">The weights to go on from.</param>
    /// <param name="oldClasses">The classes of the old rows.</param>
    /// <param name="network">The network to train, which differs from the old one in its classes at most.</param>
    /// <param name="newClasses">The classes of its rows.</param>
    public static NamedTensors Of(
        NamedTensors old, IReadOnlyList<string> oldClasses, TrainableNetwork network, IReadOnlyList<string> newClasses) =>
        network.Export().Select((name, fresh) =>
            LinearPlan.IsOf(name) ? Rearranged(old[name], oldClasses, fresh.Data, newClasses) : old.Tensors[name].Data);

    /// <summary>Rows of a linear layer, put where the classes of their names are now; new classes keep fresh rows.</summary>
    /// <param name="old">The rows, of its weights or its biases.</param>
    /// <param name="oldClasses">Their classes.</param>
    /// <param name="fresh">As many rows as there are classes now.</param>
    /// <param name="newClasses">The classes now.</param>
    public static float[] Rearranged(
        ReadOnlySpan<float> old, IReadOnlyList<string> oldClasses, float[] fresh, IReadOnlyList<string> newClasses)
    {
        var rows = new Dictionary<string, int>();
        for (var row = 0; row < oldClasses.Count; row++)
        {
            // Keys may have two values that read the same: the first is taken.
            rows.TryAdd(oldClasses[row], row);
        }

        var values = fresh.ToArray();
        var length = values.Length / newClasses.Count;
        for (var i = 0; i < newClasses.Count; i++)
        {
            if (rows.TryGetValue(newClasses[i], out var row))
            {
                old.Slice(row * length, length).CopyTo(values.AsSpan(i * length));
            }
        }

        return values;
    }
}
