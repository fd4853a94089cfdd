using ResNetMLNet.Network;

namespace ResNetMLNet.Training;

/// <summary>The weights that training goes on from when it starts from a model whose classes may be others.</summary>
internal static class StartingWeights
{
    /// <summary>The old network's weights, with the rows of its linear layer put where the classes of their names are now; new classes keep fresh rows.</summary>
    /// <param name="old">The weights to go on from.</param>
    /// <param name="oldClasses">The classes of the old rows.</param>
    /// <param name="fresh">Fresh weights of the new network, which differs in its classes at most.</param>
    /// <param name="newClasses">The classes of the new rows.</param>
    public static NetworkWeights Of(NetworkWeights old, IReadOnlyList<string> oldClasses, NetworkWeights fresh, IReadOnlyList<string> newClasses)
    {
        var rows = new Dictionary<string, int>();
        for (var row = 0; row < oldClasses.Count; row++)
        {
            // Keys may have two values that read the same: the first is taken.
            rows.TryAdd(oldClasses[row], row);
        }

        var weights = new NetworkWeights();
        foreach (var (name, values) in fresh.Tensors)
        {
            weights.Add(name, values.Shape, name is "fc.weight" or "fc.bias" ? Head(old[name], values.Data) : old.Tensors[name].Data);
        }

        return weights;

        float[] Head(ReadOnlySpan<float> oldRows, float[] freshRows)
        {
            var head = freshRows.ToArray();
            var length = head.Length / newClasses.Count;
            for (var i = 0; i < newClasses.Count; i++)
            {
                if (rows.TryGetValue(newClasses[i], out var row))
                {
                    oldRows.Slice(row * length, length).CopyTo(head.AsSpan(i * length));
                }
            }

            return head;
        }
    }
}
