using System.Buffers.Binary;
using System.Text;

namespace ResNetMLNet.Fuzz;

/// <summary>
/// Makes damaged files of whole ones. The same number gives the same file. It knows no format, but what formats are made of: bits, lengths
/// in either byte order, numbers in text, and pieces that are missing, there twice or from another file.
/// </summary>
internal sealed class Mutator(byte[][] seeds, int seed)
{
    private const int MostChanges = 4;
    private const int LongestPiece = 64;

    private static readonly long[] _numbers =
    [
        0, 1, -1, 2, 3, 7, 8, 127, 128, 255, 256, short.MaxValue, ushort.MaxValue, 100_000, int.MaxValue, int.MinValue, uint.MaxValue,
        2_000_000_000, long.MaxValue, long.MinValue,
    ];

    public byte[] File(int number)
    {
        var random = new Random(unchecked((seed * 1_000_003) + number));
        var bytes = Pick(random, seeds);
        for (var changes = random.Next(1, MostChanges + 1); changes > 0; changes--)
        {
            bytes = bytes.Length == 0 ? [(byte)random.Next(256)] : Change(random, bytes);
        }

        return bytes;
    }

    private byte[] Change(Random random, byte[] bytes)
    {
        var at = random.Next(bytes.Length);
        var end = Math.Min(bytes.Length, at + random.Next(1, LongestPiece + 1));
        switch (random.Next(9))
        {
            case 0:
                return With(bytes, at, [(byte)(bytes[at] ^ (1 << random.Next(8)))]);
            case 1:
                return With(bytes, at, [(byte)random.Next(256)]);
            case 2:
                return With(bytes, at, Binary(random));
            case 3:
                return NumberInText(random, bytes, at);
            case 4:
                return bytes[..at];
            case 5:
                return [.. bytes.AsSpan(0, at), .. bytes.AsSpan(end)];
            case 6:
                return [.. bytes.AsSpan(0, end), .. bytes.AsSpan(at)];
            case 7:
                return [.. bytes.AsSpan(0, at), .. Binary(random), .. bytes.AsSpan(at)];
            default:
                var other = Pick(random, seeds);
                return [.. bytes.AsSpan(0, at), .. other.AsSpan(random.Next(other.Length + 1))];
        }
    }

    // The digits from there on, or the next ones, become another number.
    private static byte[] NumberInText(Random random, byte[] bytes, int at)
    {
        var start = bytes.AsSpan(at).IndexOfAnyInRange((byte)'0', (byte)'9');
        if (start < 0)
        {
            return bytes;
        }

        start += at;
        var length = bytes.AsSpan(start).IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        var end = length < 0 ? bytes.Length : start + length;
        return [.. bytes.AsSpan(0, start), .. Encoding.ASCII.GetBytes($"{Pick(random, _numbers)}"), .. bytes.AsSpan(end)];
    }

    private static byte[] Binary(Random random)
    {
        var bytes = new byte[8];
        var number = Pick(random, _numbers);
        var size = 1 << random.Next(4);
        if (random.Next(2) == 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
            return bytes[..size];
        }

        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        return bytes[^size..];
    }

    private static byte[] With(byte[] bytes, int at, byte[] values)
    {
        var changed = bytes.ToArray();
        values.AsSpan(0, Math.Min(values.Length, changed.Length - at)).CopyTo(changed.AsSpan(at));
        return changed;
    }

    private static T Pick<T>(Random random, T[] values) => values[random.Next(values.Length)];
}
