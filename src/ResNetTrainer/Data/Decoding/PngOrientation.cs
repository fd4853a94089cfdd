using System.Buffers.Binary;
using SkiaSharp;

namespace ResNetMLNet.Data.Decoding;

/// <summary>The orientation in a PNG's eXIf chunk, which Skia's decoder does not look at.</summary>
internal static class PngOrientation
{
    private const int Signature = 8;
    private const int OrientationTag = 0x0112;
    private const int ShortType = 3;

    /// <summary>What the file says; upright where it says nothing that makes sense.</summary>
    public static SKEncodedOrigin Of(ReadOnlySpan<byte> png)
    {
        // Length, type, data, checksum.
        for (long at = Signature; at + 12 <= png.Length;)
        {
            var chunk = png[(int)at..];
            long length = BinaryPrimitives.ReadUInt32BigEndian(chunk);
            if (chunk[4..8].SequenceEqual("eXIf"u8))
            {
                return OfExif(chunk[8..(int)Math.Min(8 + length, chunk.Length)]);
            }

            at += 12 + length;
        }

        return SKEncodedOrigin.TopLeft;
    }

    // A TIFF header (order of bytes, 42, where the directory is), then a directory of entries of twelve bytes each.
    private static SKEncodedOrigin OfExif(ReadOnlySpan<byte> exif)
    {
        if (exif.Length < 8 || !(exif.StartsWith("II"u8) || exif.StartsWith("MM"u8)))
        {
            return SKEncodedOrigin.TopLeft;
        }

        var little = exif[0] == 'I';
        var offset = little ? BinaryPrimitives.ReadUInt32LittleEndian(exif[4..]) : BinaryPrimitives.ReadUInt32BigEndian(exif[4..]);
        var directory = offset <= exif.Length - 2 ? exif[(int)offset..] : [];
        var count = directory.IsEmpty ? 0 : Short(directory);
        for (var entry = 0; entry < count && 2 + (12 * (entry + 1)) <= directory.Length; entry++)
        {
            var fields = directory.Slice(2 + (12 * entry), 12);
            var isOrientation = Short(fields) == OrientationTag && Short(fields[2..]) == ShortType;
            if (isOrientation && Short(fields[8..]) is >= 1 and <= 8 and var orientation)
            {
                return (SKEncodedOrigin)orientation;
            }
        }

        return SKEncodedOrigin.TopLeft;

        int Short(ReadOnlySpan<byte> bytes) =>
            little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
    }
}
