using System.IO.Compression;

namespace ResNetMLNet.Formats.PyTorch;

/// <summary>A row of values in a file of torch.save, of which tensors are views.</summary>
internal sealed record TorchStorage(ElementType Type, string Key);

/// <summary>A view of a storage.</summary>
internal sealed record TorchTensor(TorchStorage Storage, long Offset, long[] Shape, long[] Strides);

/// <summary>The storages of a file of torch.save. What they and their tensors take in memory is bounded by the size of the file.</summary>
internal sealed class TorchStorages(ZipArchive zip, string root, long size)
{
    private readonly Dictionary<TorchStorage, float[]> _values = [];
    private readonly ValueBudget _budget = new(size);
    private long _read;

    /// <summary>What a persistent id of the pickle means.</summary>
    /// <exception cref="InvalidDataException">It is no storage, or of values that weights are not.</exception>
    public object? Load(object? id)
    {
        if (id is not object?[] parts || parts is not ["storage", Pickle.Global global, string key, ..])
        {
            throw new InvalidDataException("it refers to something that is no storage of a tensor");
        }

        return new TorchStorage(
            global.ToString() switch
            {
                "torch.FloatStorage" => ElementType.Float32,
                "torch.HalfStorage" => ElementType.Float16,
                "torch.BFloat16Storage" => ElementType.BFloat16,
                "torch.DoubleStorage" => ElementType.Float64,
                "torch.LongStorage" => ElementType.Int64,
                "torch.IntStorage" => ElementType.Int32,
                _ => throw new InvalidDataException(
                    $"it has values of the kind {global}; those of weights are float, half, bfloat16 or double"),
            },
            key);
    }

    /// <summary>The values of a tensor, row by row.</summary>
    /// <exception cref="InvalidDataException">It sees values that there are not.</exception>
    public float[] Read(string name, TorchTensor tensor)
    {
        var (shape, strides) = (tensor.Shape, tensor.Strides);
        var storage = Values(tensor.Storage);
        if (NamedTensors.CountOf(shape) is not { } count || strides.Length != shape.Length || strides.Any(stride => stride < 0)
            || tensor.Offset < 0 || (count > 0 && LastOf(tensor) >= storage.Length) || !_budget.TryTake(count))
        {
            throw Damaged(name, tensor);
        }

        var values = new float[count];
        var index = new long[shape.Length];
        var at = tensor.Offset;
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = storage[at];
            for (var side = shape.Length - 1; side >= 0; side--)
            {
                at += strides[side];
                if (++index[side] < shape[side])
                {
                    break;
                }

                at -= strides[side] * shape[side];
                index[side] = 0;
            }
        }

        return values;
    }

    /// <summary>The content of an entry. They are not compressed, so that none is larger than the file.</summary>
    public byte[] ReadAll(ZipArchiveEntry entry)
    {
        using var stream = Open(entry);
        var bytes = new byte[entry.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    // Where the last value of a tensor lies.
    private static Int128 LastOf(TorchTensor tensor)
    {
        Int128 last = tensor.Offset;
        for (var i = 0; i < tensor.Shape.Length; i++)
        {
            last += (Int128)(tensor.Shape[i] - 1) * tensor.Strides[i];
        }

        return last;
    }

    private float[] Values(TorchStorage storage)
    {
        if (!_values.TryGetValue(storage, out var values))
        {
            var entry = zip.GetEntry($"{root}data/{storage.Key}")
                ?? throw new InvalidDataException($"the values data/{storage.Key} are missing");
            using var stream = Open(entry);
            values = storage.Type.Read(stream, entry.Length / storage.Type.Size());
            _values.Add(storage, values);
        }

        return values;
    }

    private Stream Open(ZipArchiveEntry entry)
    {
        _read += entry.Length;
        return entry.Length == entry.CompressedLength && _read <= size
            ? entry.Open()
            : throw new InvalidDataException($"its entry {entry.FullName} is compressed or overlaps others, which torch.save does not do");
    }

    private static InvalidDataException Damaged(string name, TorchTensor tensor) => new(
        $"the tensor '{name}' of shape ({string.Join(", ", tensor.Shape)}) and strides ({string.Join(", ", tensor.Strides)}) "
        + "sees values that the file does not have");
}
