using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace ResNetMLNet.Network;

/// <summary>
/// The weights and running statistics of a network in managed memory, by PyTorch's names. Immutable by convention and
/// free of anything native: this is what a model holds, saves and loads; native networks are made from it when needed.
/// </summary>
internal sealed class NetworkWeights
{
    private readonly Dictionary<string, Values> _tensors = [];

    public IReadOnlyDictionary<string, Values> Tensors => _tensors;

    public ReadOnlySpan<float> this[string name] => _tensors[name].Data;

    public void Add(string name, long[] shape, float[] data) => _tensors.Add(name, new(shape, data));

    /// <summary>Says in words how these tensors differ from those of a plan, if they do.</summary>
    public bool Differs(NetworkPlan plan, [NotNullWhen(true)] out string? difference)
    {
        var expected = plan.Tensors.ToDictionary(tensor => tensor.Name);
        var missing = expected.Keys.FirstOrDefault(name => !_tensors.ContainsKey(name));
        var extra = _tensors.Keys.FirstOrDefault(name => !expected.ContainsKey(name));
        var misshapen = expected.Values.FirstOrDefault(
            tensor => _tensors.TryGetValue(tensor.Name, out var found) && !found.Shape.SequenceEqual(tensor.Shape));
        difference =
            missing is not null ? $"the tensor '{missing}' is missing" :
            extra is not null ? $"there is a tensor '{extra}' that the network does not have" :
            misshapen is not null ? $"the tensor '{misshapen.Name}' has the shape {Text(_tensors[misshapen.Name].Shape)} where the network has {Text(misshapen.Shape)}" :
            null;
        return difference is not null;
    }

    /// <summary>By what these values can be recognised: SHA-256 over names, shapes and values.</summary>
    /// <param name="text">A text that belongs to them, if any.</param>
    public string Fingerprint(string text = "")
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(text));
        foreach (var (name, values) in _tensors)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {Text(values.Shape)}\n"));
            hash.AppendData(MemoryMarshal.AsBytes(values.Data.AsSpan()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Text(long[] shape) => $"({string.Join(", ", shape)})";

    internal sealed record Values(long[] Shape, float[] Data);
}
