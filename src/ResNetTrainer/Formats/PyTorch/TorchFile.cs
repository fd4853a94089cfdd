using System.IO.Compression;

namespace ResNetMLNet.Formats.PyTorch;

/// <summary>
/// What torch.save writes since PyTorch 1.6: a zip with a pickle of dictionaries and, beside it, the values of each tensor's storage.
/// </summary>
internal sealed class TorchFile
{
    // Deeper than any checkpoint, and far from the end of the stack.
    private const int MostLevels = 32;

    // A pickle may use a text or a shape again and again, and each use is a copy.
    private const int LongestName = 1_000;
    private const int MostSides = 8;

    // Some hundred bytes a tensor; each byte may make an object of a hundred.
    private const long LargestPickle = 16 << 20;

    private readonly ZipArchive _zip;
    private readonly string _root;
    private readonly TorchStorages _storages;
    private readonly HashSet<object> _seen = new(ReferenceEqualityComparer.Instance);
    private readonly NamedTensors _tensors = new();

    private TorchFile(ZipArchive zip, string root, long size)
    {
        (_zip, _root) = (zip, root);
        _storages = new(zip, root, size);
    }

    /// <summary>Every tensor in its dictionaries, under their keys with dots between them; other plain values are left out.</summary>
    /// <exception cref="InvalidDataException">
    /// It is no such file, or has more than dictionaries of tensors and plain values; the message says what.
    /// </exception>
    public static NamedTensors Read(Stream stream)
    {
        if (IsLegacy(stream))
        {
            throw new InvalidDataException(
                "it is a bare pickle, as torch.save wrote them before PyTorch 1.6 (or with _use_new_zipfile_serialization=False); "
                + "load it in PyTorch and save it again");
        }

        using var zip = Open(stream);
        var pickle = zip.Entries.FirstOrDefault(entry => entry.Name == "data.pkl")
            ?? throw new InvalidDataException("it has no data.pkl, which torch.save writes");
        if (pickle.Length > LargestPickle)
        {
            throw new InvalidDataException(
                $"its data.pkl has {pickle.Length:N0} bytes, more than any ResNet's; save the state_dict() alone");
        }

        var root = pickle.FullName[..^"data.pkl".Length];
        if (zip.Entries.Any(entry => entry.FullName == $"{root}constants.pkl"))
        {
            throw new InvalidDataException("it is a TorchScript program; save the state_dict() of the module instead");
        }

        return new TorchFile(zip, root, stream.Length).Read(pickle);
    }

    private NamedTensors Read(ZipArchiveEntry pickle)
    {
        if (_zip.GetEntry($"{_root}byteorder") is { } order && !_storages.ReadAll(order).AsSpan().SequenceEqual("little"u8))
        {
            throw new InvalidDataException("it was written on a machine of another byte order");
        }

        var content = new Pickle(_storages.ReadAll(pickle), Build, _storages.Load).Read();
        if (content is not Dictionary<string, object?>)
        {
            throw new InvalidDataException("it is not a dictionary; save the state_dict() of the module");
        }

        Collect("", content, level: 0);
        return _tensors;
    }

    // The whole list of what a pickle may make.
    private static object? Build(Pickle.Global what, object?[] arguments) => (what.ToString(), arguments) switch
    {
        ("collections.OrderedDict", []) => new Dictionary<string, object?>(),
        ("torch._utils._rebuild_tensor_v2", [TorchStorage storage, long offset, object?[] shape, object?[] strides, ..]) =>
            new TorchTensor(storage, offset, Integers(shape), Integers(strides)),
        ("torch._utils._rebuild_parameter", [TorchTensor tensor, ..]) => tensor,
        _ => throw new InvalidDataException(
            $"it has something of the kind {what} where only dictionaries of tensors are read; save the state_dict() alone"),
    };

    private void Collect(string name, object? value, int level)
    {
        switch (value)
        {
            case TorchTensor tensor:
                _tensors.Add(name, tensor.Shape, _storages.Read(name, tensor));
                break;
            case Dictionary<string, object?> entries when _seen.Add(entries):
                if (level == MostLevels)
                {
                    throw new InvalidDataException("its dictionaries are nested too deeply");
                }

                foreach (var (key, entry) in entries)
                {
                    if (name.Length + key.Length > LongestName)
                    {
                        throw new InvalidDataException($"its dictionaries have a name of more than {LongestName:N0} characters");
                    }

                    Collect(name.Length == 0 ? key : $"{name}.{key}", entry, level + 1);
                }

                break;
        }
    }

    private static long[] Integers(object?[] values)
    {
        if (values.Length > MostSides)
        {
            throw new InvalidDataException($"it has a tensor of {values.Length:N0} sides, where at most {MostSides} are read");
        }

        return [.. values.Select(value => value is long number
            ? number
            : throw new InvalidDataException("the shape of a tensor has something that is no whole number"))];
    }

    private static bool IsLegacy(Stream stream)
    {
        // A pickle of protocol 2 and later begins so, a zip with PK.
        var first = stream.ReadByte();
        stream.Position = 0;
        return first == 0x80;
    }

    private static ZipArchive Open(Stream stream)
    {
        try
        {
            var zip = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            return zip.Entries.Count > 0 ? zip : throw new InvalidDataException("it is an empty zip");
        }
        catch (Exception e) when (e is InvalidDataException or IOException or ArgumentException or NotSupportedException)
        {
            throw new InvalidDataException("it is neither a zip, as torch.save writes them, nor a pickle", e);
        }
    }
}
