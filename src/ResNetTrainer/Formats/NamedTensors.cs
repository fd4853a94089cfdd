using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace ResNetMLNet.Formats;

/// <summary>
/// Tensors of float32 in managed memory, by name and in order: what files hold, and what a model holds of its network. Immutable by
/// convention; native networks are made from it when needed.
/// </summary>
internal sealed class NamedTensors
{
    /// <summary>The values that are handled at a time: the bytes of a whole tensor may be more than a span can count.</summary>
    public const int Piece = 1 << 20;

    private readonly Dictionary<string, Values> _tensors = [];

    public IReadOnlyDictionary<string, Values> Tensors => _tensors;

    public ReadOnlySpan<float> this[string name] => _tensors[name].Data;

    /// <exception cref="InvalidDataException">There is one of this name already.</exception>
    public void Add(string name, long[] shape, float[] data)
    {
        if (!_tensors.TryAdd(name, new(shape, data)))
        {
            throw new InvalidDataException($"there are two tensors '{name}'");
        }
    }

    /// <summary>The tensors of some names; the values are shared.</summary>
    public NamedTensors Where(Func<string, bool> wanted) => Rename(name => wanted(name) ? name : null);

    /// <summary>The tensors under other names; null leaves one out, and the values are shared.</summary>
    /// <exception cref="InvalidDataException">Two have the same name then.</exception>
    public NamedTensors Rename(Func<string, string?> rename)
    {
        var renamed = new NamedTensors();
        foreach (var (name, tensor) in _tensors)
        {
            if (rename(name) is { } other)
            {
                renamed.Add(other, tensor.Shape, tensor.Data);
            }
        }

        return renamed;
    }

    /// <summary>Those whose names begin so, without it.</summary>
    public NamedTensors Under(string prefix) =>
        Rename(name => name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : null);

    /// <summary>Tensors of the same names and shapes with other values; those that stay as they are are shared.</summary>
    /// <param name="values">The values, given the name and the tensor of before.</param>
    public NamedTensors Select(Func<string, Values, float[]> values)
    {
        var changed = new NamedTensors();
        foreach (var (name, tensor) in _tensors)
        {
            changed.Add(name, tensor.Shape, values(name, tensor));
        }

        return changed;
    }

    /// <summary>
    /// The number of values of a tensor of such a shape; null where there can be none: a side is negative, or no array holds so many.
    /// </summary>
    public static long? CountOf(long[] shape)
    {
        // Stops before sides of absurd length overflow.
        Int128 count = 1;
        foreach (var side in shape)
        {
            count *= side;
            if (side < 0 || count > Array.MaxLength)
            {
                return null;
            }
        }

        return (long)count;
    }

    /// <summary>The first tensor with a value that is infinite or not a number; null where all are finite.</summary>
    public string? FirstNotFinite() =>
        _tensors.Where(tensor => tensor.Value.Data.Any(value => !float.IsFinite(value))).Select(tensor => tensor.Key).FirstOrDefault();

    /// <summary>By what these values can be recognised: SHA-256 over names, shapes and values.</summary>
    /// <param name="text">A text that belongs to them, if any.</param>
    public string Fingerprint(string text = "")
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(text));
        foreach (var (name, values) in _tensors)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {values.ShapeText}\n"));
            for (var start = 0L; start < values.Data.Length; start += Piece)
            {
                hash.AppendData(BytesOf(values.Data, start));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The bytes of the values from there on, of one piece at most.</summary>
    public static Span<byte> BytesOf(float[] values, long start) =>
        MemoryMarshal.AsBytes(values.AsSpan((int)start, (int)Math.Min(Piece, values.Length - start)));

    internal sealed record Values(long[] Shape, float[] Data)
    {
        public string ShapeText => $"({string.Join(", ", Shape)})";
    }
}
