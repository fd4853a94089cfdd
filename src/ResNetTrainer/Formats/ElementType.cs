using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ResNetMLNet.Formats;

/// <summary>What the values of a tensor are in a file. In memory they are float32.</summary>
internal enum ElementType
{
    Float32,
    Float16,
    BFloat16,
    Float64,
    Int64,
    Int32,
}

/// <summary>Values of files, little-endian, widened or narrowed to float32.</summary>
internal static class ElementTypes
{
    private const int Piece = 1 << 20;

    public static int Size(this ElementType type) => type switch
    {
        ElementType.Float64 or ElementType.Int64 => 8,
        ElementType.Float32 or ElementType.Int32 => 4,
        _ => 2,
    };

    /// <summary>Reads so many values; the caller has made sure that the file has them.</summary>
    public static float[] Read(this ElementType type, Stream stream, long count)
    {
        var values = new float[count];
        var bytes = new byte[(int)Math.Min(Piece, count) * type.Size()];
        for (var start = 0L; start < count; start += Piece)
        {
            var length = (int)Math.Min(Piece, count - start);
            var piece = bytes.AsSpan(0, length * type.Size());
            stream.ReadExactly(piece);
            type.Widen(piece, MemoryMarshal.CreateSpan(ref values[start], length));
        }

        return values;
    }

    /// <summary>As many values as there is room for.</summary>
    public static void Widen(this ElementType type, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        if (type == ElementType.Float32 && BitConverter.IsLittleEndian)
        {
            MemoryMarshal.Cast<byte, float>(bytes)[..values.Length].CopyTo(values);
            return;
        }

        for (var i = 0; i < values.Length; i++)
        {
            var at = bytes.Slice(i * type.Size(), type.Size());
            values[i] = type switch
            {
                ElementType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(at),
                ElementType.Float16 => (float)BinaryPrimitives.ReadHalfLittleEndian(at),
                ElementType.BFloat16 => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(at) << 16),
                ElementType.Float64 => (float)BinaryPrimitives.ReadDoubleLittleEndian(at),
                ElementType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(at),
                _ => BinaryPrimitives.ReadInt32LittleEndian(at),
            };
        }
    }
}
