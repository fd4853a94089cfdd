using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using ResNetMLNet.Data;
using ResNetMLNet.Data.Columns;
using SkiaSharp;

namespace ResNetMLNet.Tests.Support;

/// <summary>What a PNG says of its pixels.</summary>
internal readonly record struct PngHeader(int Width, int Height, byte BitDepth, byte ColourType, bool Interlaced = false);

/// <summary>Small encoded images of every kind, sound and damaged, and what the library makes of them.</summary>
internal static class EncodedImages
{
    public static byte[] Encode(SKEncodedImageFormat format, int width, int height, Func<int, int, SKColor> colour, int quality = 100)
    {
        using var bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                bitmap.SetPixel(x, y, colour(x, y));
            }
        }

        using var data = bitmap.Encode(format, quality);
        return data.ToArray();
    }

    /// <summary>The image with an EXIF orientation (1 to 8; others are wrong) put into it.</summary>
    public static byte[] WithOrientation(byte[] image, SKEncodedImageFormat format, int orientation) =>
        WithExif(image, format, Exif(orientation));

    public static byte[] WithExif(byte[] image, SKEncodedImageFormat format, byte[] exif) => format switch
    {
        SKEncodedImageFormat.Jpeg => [.. image[..2], 0xFF, 0xE1, .. BigEndian16(8 + exif.Length), .. "Exif\0\0"u8, .. exif, .. image[2..]],
        SKEncodedImageFormat.Png => [.. image[..33], .. Chunk("eXIf", exif), .. image[33..]],
        _ => WebpWithExif(image, exif),
    };

    /// <summary>A TIFF header and a directory with one entry.</summary>
    public static byte[] Exif(int orientation, bool bigEndian = true, uint directory = 8, int tag = 0x0112)
    {
        byte[] exif =
        [
            .. "MM"u8, 0, 42, .. BigEndian32(directory),
            0, 1, .. BigEndian16(tag), 0, 3, .. BigEndian32(1), .. BigEndian16(orientation), 0, 0,
            0, 0, 0, 0,
        ];
        if (!bigEndian)
        {
            "II"u8.CopyTo(exif);
            foreach (var (start, length) in ((int, int)[])[(2, 2), (4, 4), (8, 2), (10, 2), (12, 2), (14, 4), (18, 2)])
            {
                exif.AsSpan(start, length).Reverse();
            }
        }

        return exif;
    }

    /// <summary>A PNG from its scanlines, each of which starts with the number of its filter.</summary>
    public static byte[] Png(PngHeader header, byte[] scanlines, params byte[][] chunks)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(scanlines);
        }

        byte[] head =
        [
            .. BigEndian32((uint)header.Width), .. BigEndian32((uint)header.Height), header.BitDepth, header.ColourType, 0, 0,
            (byte)(header.Interlaced ? 1 : 0),
        ];
        return
        [
            0x89, .. "PNG\r\n\u001A\n"u8, .. Chunk("IHDR", head), .. chunks.SelectMany(chunk => chunk),
            .. Chunk("IDAT", packed.ToArray()), .. Chunk("IEND", []),
        ];
    }

    public static byte[] Chunk(string type, byte[] data)
    {
        byte[] content = [.. Encoding.ASCII.GetBytes(type), .. data];
        return [.. BigEndian32((uint)data.Length), .. content, .. BigEndian32(Crc(content))];
    }

    /// <summary>A GIF with one image of one pixel on a canvas of any size.</summary>
    public static byte[] Gif(int width, int height) =>
    [
        .. "GIF89a"u8, (byte)width, (byte)(width >> 8), (byte)height, (byte)(height >> 8), 0x80, 0, 0, 200, 10, 20, 255, 255, 255,
        0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B,
    ];

    /// <summary>A GIF of two frames, of one pixel each: the first red, the second blue.</summary>
    public static byte[] AnimatedGif() =>
    [
        .. "GIF89a"u8, 1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255,
        0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0,
        0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4C, 1, 0, 0x3B,
    ];

    /// <summary>A JPEG of 8x8 pixels in inverted CMYK, as Photoshop writes it: (255, 128, 128, 255), which is light red.</summary>
    public static byte[] CmykJpeg() =>
    [
        0xFF, 0xD8, 0xFF, 0xEE, 0, 14, .. "Adobe"u8, 0, 100, 0, 0, 0, 0, 0,
        0xFF, 0xDB, 0, 67, 0, .. Enumerable.Repeat((byte)8, 64),
        0xFF, 0xC0, 0, 20, 8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0,
        0xFF, 0xC4, 0, 21, 0x00, 1, 1, .. new byte[14], 0, 7,
        0xFF, 0xC4, 0, 20, 0x10, 1, .. new byte[15], 0,
        0xFF, 0xDA, 0, 14, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0,

        // Differences of 127, 0, 0 and 127 as codes 10 1111111, 0, 0, 10 1111111, each ended by a 0.
        0xBF, 0x82, 0xFE, 0xFF, 0xD9,
    ];

    /// <summary>The header of a BMP of 24 bits a pixel, and nothing after it.</summary>
    public static byte[] BmpHeader(uint dataOffset, int width, int height)
    {
        var bytes = PixelPattern.Bmp(0, 3, 1, 1)[..54];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(10), dataOffset);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(22), height);
        return bytes;
    }

    /// <summary>The planes of an encoded image as training and scoring read them.</summary>
    public static (int[] Shape, byte[] Planes) Read(byte[] encoded, int channels = 3, InputFormat? format = null)
    {
        var context = ((Microsoft.ML.Runtime.IHostEnvironment)Images.Context()).Register("test");
        var data = new MemoryDataView(1, Images.Vector("Features", _ => encoded));
        using var cursor = data.GetRowCursor(data.Schema);
        var column = FeatureColumn.Find(context, data.Schema, "Features", channels, MaximumPixels(format));
        var reader = column.CreateReader(context, cursor, format);
        cursor.MoveNext();
        var planes = reader.Read().ToArray();
        return ([reader.Shape.Channels, reader.Shape.Height, reader.Shape.Width], planes);
    }

    private static int MaximumPixels(InputFormat? format) => (format ?? new(default, false, default)).MaximumPixels;

    public static byte[] BigEndian32(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    private static byte[] BigEndian16(int value) => [(byte)(value >> 8), (byte)value];

    // The file that Skia writes has one chunk; orientation needs the extended format (VP8X), whose flag 8 says that there is EXIF.
    private static byte[] WebpWithExif(byte[] image, byte[] exif)
    {
        using var codec = SKCodec.Create(SKData.CreateCopy(image));
        var (width, height) = (codec.Info.Width - 1, codec.Info.Height - 1);
        byte[] body =
        [
            .. "WEBPVP8X"u8, 10, 0, 0, 0, 8, 0, 0, 0, (byte)width, (byte)(width >> 8), 0, (byte)height, (byte)(height >> 8), 0,
            .. image[12..],
            .. "EXIF"u8, (byte)exif.Length, 0, 0, 0, .. exif,
        ];
        return [.. "RIFF"u8, .. BigEndian32((uint)body.Length).Reverse(), .. body];
    }

    private static uint Crc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
            }
        }

        return ~crc;
    }
}
