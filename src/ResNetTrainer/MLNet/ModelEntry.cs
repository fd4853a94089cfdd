using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Microsoft.ML;

namespace ResNetMLNet.MLNet;

/// <summary>
/// An entry of a transformer's folder in a model zip. ML.NET's own reader unpacks an entry whole, whatever its size, and nobody compares
/// its checksum; here the size is known before, and the content is checked.
/// </summary>
internal sealed class ModelEntry
{
    private readonly ZipArchiveEntry _entry;

    private ModelEntry(ZipArchiveEntry entry) => _entry = entry;

    /// <summary>The size of the content in bytes, as the zip claims it; never more than that is read.</summary>
    public long Length => _entry.Length;

    /// <summary>The entry of that name; null where there is none.</summary>
    public static ModelEntry? Find(ModelLoadContext zip, string name)
    {
        if (!zip.InRepository)
        {
            return null;
        }

        var entries = EntriesOf(zip.Repository);
        var path = Path.Combine(zip.Directory ?? "", name);
        return entries.TryGetValue(path, out var entry) || entries.TryGetValue(path.Replace('/', '\\'), out entry) ? new(entry) : null;
    }

    /// <summary>The content, which must be within a size.</summary>
    /// <exception cref="InvalidDataException">It is larger, or not what was saved.</exception>
    public byte[] ReadAll(long most)
    {
        CheckLength(0, most);
        return Read(stream =>
        {
            var bytes = new byte[Length];
            stream.ReadExactly(bytes);
            return bytes;
        });
    }

    /// <summary>Reads the content with what knows its format.</summary>
    /// <param name="read">Reads the whole stream.</param>
    /// <param name="sha256">The SHA-256 that the content must have; null where it is not known and the zip's checksum counts.</param>
    /// <exception cref="InvalidDataException">The content is not what was saved.</exception>
    public T Read<T>(Func<Stream, T> read, string? sha256 = null)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var crc = new Crc32();
        using var stream = new EntryStream(_entry.Open(), Length, sha256 is null ? crc.Append : hash.AppendData);
        var value = read(stream);
        var same = sha256 is null
            ? crc.Value == _entry.Crc32
            : Convert.ToHexStringLower(hash.GetHashAndReset()).Equals(sha256, StringComparison.OrdinalIgnoreCase);
        return same ? value : throw new InvalidDataException("its content does not have the checksum that was saved with it");
    }

    /// <exception cref="InvalidDataException">The content is smaller or larger.</exception>
    public void CheckLength(long least, long most)
    {
        if (Length < least || Length > most)
        {
            throw new InvalidDataException($"it has {Length:N0} bytes, where {least:N0} to {most:N0} can be");
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_entries")]
    private static extern ref Dictionary<string, ZipArchiveEntry> EntriesOf(RepositoryReader reader);
}
