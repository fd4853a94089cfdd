using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Data;

/// <summary>
/// An IDX file: a magic number (0, 0, 8 for bytes, the number of dimensions), each dimension in four bytes, big-endian, and the
/// values (http://yann.lecun.com/exdb/mnist/). Gzipped or plain, which its first bytes tell.
/// </summary>
internal static class IdxFile
{
    /// <summary>Reads a whole file of bytes with the given number of dimensions.</summary>
    /// <exception cref="InvalidOperationException">The file is not what it should be.</exception>
    public static (int[] Dimensions, byte[] Values) Read(IExceptionContext context, string path, int dimensions)
    {
        try
        {
            using var stream = Open(path);
            return Read(context, stream, path, dimensions);
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException)
        {
            throw context.Error(e, $"The file '{path}' is truncated or damaged: {e.Message} Download it again.");
        }
    }

    private static Stream Open(string path)
    {
        var file = File.OpenRead(path);
        var compressed = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
        file.Position = 0;
        return compressed ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    private static (int[] Dimensions, byte[] Values) Read(IExceptionContext context, Stream stream, string path, int dimensions)
    {
        var expected = 0x0800 + dimensions;
        var magic = ReadInt32(stream);
        if (magic != expected)
        {
            throw context.Error(
                $"The file '{path}' is not an IDX file of {(dimensions == 1 ? "labels" : "images")}: its magic number is {magic} where {expected} is expected. "
                + "Were images and labels swapped?");
        }

        var sizes = new int[dimensions];
        Int128 count = 1;
        for (var i = 0; i < dimensions; i++)
        {
            sizes[i] = ReadInt32(stream);
            count *= (uint)sizes[i];
        }

        if (count > Array.MaxLength || sizes.Any(size => size < 0) || (stream is FileStream file && count > file.Length))
        {
            throw context.Error($"The file '{path}' claims {string.Join(" x ", sizes.Select(size => (uint)size))} values, more than it can hold. It is damaged; download it again.");
        }

        var values = ReadValues(context, stream, path, (int)count);
        if (stream.ReadByte() != -1)
        {
            throw context.Error($"The file '{path}' has more bytes than the {string.Join(" x ", sizes)} values that it claims. It is damaged; download it again.");
        }

        return (sizes, values);
    }

    // In steps, so that a header that lies costs no memory.
    private static byte[] ReadValues(IExceptionContext context, Stream stream, string path, int count)
    {
        var values = new byte[Math.Min(count, 1 << 20)];
        var filled = 0;
        while (filled < count)
        {
            if (filled == values.Length)
            {
                Array.Resize(ref values, (int)Math.Min(count, 2L * values.Length));
            }

            var read = stream.Read(values.AsSpan(filled));
            if (read == 0)
            {
                throw context.Error($"The file '{path}' is truncated: it has {filled} of the {count} values that it claims. Download it again.");
            }

            filled += read;
        }

        return values;
    }

    private static int ReadInt32(Stream stream)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        stream.ReadExactly(bytes);
        return BinaryPrimitives.ReadInt32BigEndian(bytes);
    }
}
