using System.Buffers.Binary;
using System.Text.Json;

namespace ResNetMLNet.Formats;

/// <summary>
/// The safetensors format (https://huggingface.co/docs/safetensors): the length of the header in 8 bytes, little-endian;
/// a JSON header with each tensor's type, shape and place; the values. Written is float32; other floats and counters are read as that.
/// </summary>
internal static class SafeTensors
{
    private const string Metadata = "__metadata__";

    // The reference implementation has the same limit.
    public const long LongestHeader = 100_000_000;

    public static void Write(Stream stream, NamedTensors weights, IReadOnlyDictionary<string, string> metadata)
    {
        // Padded with spaces, so that the values are aligned.
        var json = Header(weights, metadata);
        var padded = (json.Length + 7) / 8 * 8;
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, padded);
        stream.Write(length);
        stream.Write(json);
        stream.Write("       "u8[..(padded - json.Length)]);
        foreach (var tensor in weights.Tensors.Values)
        {
            for (var start = 0L; start < tensor.Data.Length; start += NamedTensors.Piece)
            {
                stream.Write(NamedTensors.BytesOf(tensor.Data, start));
            }
        }
    }

    private static byte[] Header(NamedTensors weights, IReadOnlyDictionary<string, string> metadata)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteStartObject(Metadata);
            foreach (var (key, text) in metadata)
            {
                writer.WriteString(key, text);
            }

            writer.WriteEndObject();
            var offset = 0L;
            foreach (var (name, tensor) in weights.Tensors)
            {
                writer.WriteStartObject(name);
                writer.WriteString("dtype", "F32");
                WriteNumbers(writer, "shape", tensor.Shape);
                WriteNumbers(writer, "data_offsets", offset, offset += sizeof(float) * (long)tensor.Data.Length);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        return json.ToArray();
    }

    private static void WriteNumbers(Utf8JsonWriter writer, string name, params ReadOnlySpan<long> numbers)
    {
        writer.WriteStartArray(name);
        foreach (var number in numbers)
        {
            writer.WriteNumberValue(number);
        }

        writer.WriteEndArray();
    }

    /// <exception cref="InvalidDataException">The file is damaged; the message says how.</exception>
    public static NamedTensors Read(Stream stream) => Read(stream, out _);

    /// <inheritdoc cref="Read(Stream)"/>
    /// <param name="stream">The file.</param>
    /// <param name="metadata">The texts in its header.</param>
    public static NamedTensors Read(Stream stream, out IReadOnlyDictionary<string, string> metadata)
    {
        var available = stream.Length - stream.Position;
        Span<byte> length = stackalloc byte[8];
        if (available < length.Length)
        {
            throw new InvalidDataException("it is shorter than a header");
        }

        stream.ReadExactly(length);
        var size = BinaryPrimitives.ReadInt64LittleEndian(length);
        available -= length.Length;
        if (size < 2 || size > Math.Min(available, LongestHeader))
        {
            throw new InvalidDataException($"its header claims {size} bytes, of {available} that there are");
        }

        var json = new byte[size];
        stream.ReadExactly(json);
        var weights = new NamedTensors();
        foreach (var entry in Parse(json, available - size, out metadata))
        {
            weights.Add(entry.Name, entry.Shape, entry.Type.Read(stream, (entry.End - entry.Start) / entry.Type.Size()));
        }

        return weights;
    }

    // Everything is checked before anything is allocated for it; the entries come back in the order of their values.
    private static List<Entry> Parse(byte[] json, long size, out IReadOnlyDictionary<string, string> metadata)
    {
        List<Entry> entries;
        try
        {
            using var header = JsonDocument.Parse(json);
            metadata = header.RootElement.TryGetProperty(Metadata, out var texts)
                ? texts.EnumerateObject().ToDictionary(text => text.Name, text => text.Value.GetString() ?? "")
                : new Dictionary<string, string>();
            entries = [.. header.RootElement.EnumerateObject()
                .Where(property => property.Name != Metadata)
                .Select(property => Parse(property.Name, property.Value))
                .OrderBy(entry => entry.Start)];
        }
        catch (Exception e)
            when (e is JsonException or ArgumentException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InvalidDataException("its header is not that of a safetensors file", e);
        }

        var end = 0L;
        var names = new HashSet<string>();
        foreach (var entry in entries)
        {
            if (entry.Start != end || entry.End < entry.Start || entry.End > size)
            {
                throw new InvalidDataException(
                    $"the tensor '{entry.Name}' lies at {entry.Start} to {entry.End}, which overlaps others, leaves a gap or ends beyond "
                    + $"the file's {size} bytes");
            }

            if (!names.Add(entry.Name))
            {
                throw new InvalidDataException($"there are two tensors '{entry.Name}'");
            }

            end = entry.End;
        }

        return end == size ? entries : throw new InvalidDataException($"its tensors take {end} bytes, but there are {size}");
    }

    private static Entry Parse(string name, JsonElement tensor)
    {
        var text = tensor.GetProperty("dtype").GetString();
        var type = text switch
        {
            "F32" => ElementType.Float32,
            "F16" => ElementType.Float16,
            "BF16" => ElementType.BFloat16,
            "F64" => ElementType.Float64,
            "I64" => ElementType.Int64,
            "I32" => ElementType.Int32,
            _ => throw new InvalidDataException($"the tensor '{name}' is of type {text} where F32, F16, BF16, F64, I64 or I32 is expected"),
        };
        var shape = tensor.GetProperty("shape").EnumerateArray().Select(side => side.GetInt64()).ToArray();
        var offsets = tensor.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64()).ToArray();
        var bytes = offsets.Length == 2 ? (Int128)offsets[1] - offsets[0] : -1;
        if (NamedTensors.CountOf(shape) is not { } count || bytes != count * type.Size())
        {
            throw new InvalidDataException($"the tensor '{name}' of shape ({string.Join(", ", shape)}) has {bytes} bytes");
        }

        return new(name, type, shape, offsets[0], offsets[1]);
    }

    private sealed record Entry(string Name, ElementType Type, long[] Shape, long Start, long End);
}
