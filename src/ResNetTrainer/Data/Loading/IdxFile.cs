using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Data.Loading;

/// <summary>
/// An IDX file: a magic number (0, 0, 8 for bytes, the number of dimensions), each dimension in four bytes, big-endian, and the
/// values (http://yann.lecun.com/exdb/mnist/). Gzipped or plain, which its first bytes tell.
/// </summary>
internal sealed class IdxFile : IDisposable
{
    private const int Few = 64 << 20;

    private readonly IExceptionContext _context;
    private readonly string _path;
    private readonly Stream _stream;

    private IdxFile(IExceptionContext context, string path, Stream stream, int[] sizes)
    {
        (_context, _path, _stream) = (context, path, stream);
        Sizes = sizes;
    }

    /// <summary>The number of records, and the dimensions of each.</summary>
    public IReadOnlyList<int> Sizes { get; }

    /// <summary>
    /// Opens a file of bytes with the given number of dimensions, and believes nothing of its header that its length speaks against.
    /// </summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidOperationException">The file is not what it should be.</exception>
    public static IdxFile Open(IExceptionContext context, string path, int dimensions)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                Directory.Exists(path) ? $"'{path}' is a folder, and not an IDX file." : $"The file '{path}' does not exist.", path);
        }

        var file = File.OpenRead(path);
        try
        {
            var compressed = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
            file.Position = 0;
            var stream = compressed ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
            var sizes = ReadHeader(context, stream, path, dimensions);
            CheckSizes(context, path, sizes, (file.Length, compressed));
            return new(context, path, stream, sizes);
        }
        catch (Exception e) when (IsDamage(e))
        {
            file.Dispose();
            throw Damaged(context, path, e);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The values, all of them; to be called once.</summary>
    /// <exception cref="InvalidOperationException">There are fewer or more of them than the header claims.</exception>
    public byte[] ReadValues()
    {
        try
        {
            var values = ReadValues(Sizes.Aggregate(1, (product, size) => product * size));
            return _stream.ReadByte() == -1
                ? values
                : throw _context.Error(
                    $"The file '{_path}' has more bytes than the {string.Join(" x ", Sizes)} values that it claims. It is damaged; "
                    + "download it again.");
        }
        catch (Exception e) when (IsDamage(e))
        {
            throw Damaged(_context, _path, e);
        }
    }

    public void Dispose() => _stream.Dispose();

    private static int[] ReadHeader(IExceptionContext context, Stream stream, string path, int dimensions)
    {
        var expected = 0x0800 + dimensions;
        var magic = ReadInt32(stream);
        if (magic != expected)
        {
            throw context.Error(
                $"The file '{path}' is not an IDX file of {(dimensions == 1 ? "labels" : "images")}: its magic number is "
                + $"{magic} where {expected} is expected. "
                + "Were images and labels swapped?");
        }

        return [.. Enumerable.Range(0, dimensions).Select(_ => ReadInt32(stream))];
    }

    private static void CheckSizes(IExceptionContext context, string path, int[] sizes, (long Length, bool Compressed) file)
    {
        var count = sizes.Aggregate((Int128)1, (product, size) => product * (uint)size);
        var claim = string.Join(" x ", sizes.Select(size => (uint)size));
        if (count > Array.MaxLength || sizes.Any(size => size < 0) || (!file.Compressed && count > file.Length))
        {
            throw context.Error($"The file '{path}' claims {claim} values, more than it can hold. It is damaged; download it again.");
        }

        // Images of one colour compress a thousandfold, images that show something a few times: many values in few bytes are there
        // to fill the memory.
        if (file.Compressed && count > Few && count > 100 * (Int128)file.Length)
        {
            throw context.Error(
                $"The file '{path}' has {file.Length} bytes, but claims to hold {claim} values: images do not compress so well. "
                + "If it comes from somebody whom you trust, unpack it with gunzip and load that.");
        }
    }

    // In steps, so that a header that lies costs no memory.
    private byte[] ReadValues(int count)
    {
        var values = new byte[Math.Min(count, 1 << 20)];
        var filled = 0;
        while (filled < count)
        {
            if (filled == values.Length)
            {
                Array.Resize(ref values, (int)Math.Min(count, 2L * values.Length));
            }

            var read = _stream.Read(values.AsSpan(filled));
            if (read == 0)
            {
                throw _context.Error(
                    $"The file '{_path}' is truncated: it has {filled} of the {count} values that it claims. Download it again.");
            }

            filled += read;
        }

        return values;
    }

    private static bool IsDamage(Exception e) => e is EndOfStreamException or InvalidDataException;

    private static Exception Damaged(IExceptionContext context, string path, Exception e) =>
        context.Error(e, $"The file '{path}' is truncated or damaged: {e.Message} Download it again.");

    private static int ReadInt32(Stream stream)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        stream.ReadExactly(bytes);
        return BinaryPrimitives.ReadInt32BigEndian(bytes);
    }
}
