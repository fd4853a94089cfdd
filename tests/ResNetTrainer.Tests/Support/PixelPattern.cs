namespace ResNetMLNet.Tests.Support;

/// <summary>Images made of numbers, the same in every process: a bright bar that tells the class, over noise.</summary>
internal static class PixelPattern
{
    public const int Classes = 3;

    public static int ClassOf(int image) => image % Classes;

    /// <summary>The pixels channel by channel, row by row.</summary>
    public static byte[] Planes(int image, int channels, int height, int width)
    {
        var pixels = new byte[channels * height * width];
        for (var i = 0; i < pixels.Length; i++)
        {
            var y = i / width % height;
            var noise = (uint)(i + 1) * 2654435761u ^ (uint)(image + 1) * 2246822519u;
            pixels[i] = (byte)((noise >> 13) % 90 + (y * Classes / height == ClassOf(image) ? 150u : 0u));
        }

        return pixels;
    }

    /// <summary>The same image as BMP file of 24 bits a pixel.</summary>
    public static byte[] Bmp(int image, int channels, int height, int width)
    {
        var planes = Planes(image, channels, height, width);
        var stride = (3 * width + 3) / 4 * 4;
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("BM"u8);
        writer.Write(54 + stride * height);
        writer.Write(0);
        writer.Write(54);
        writer.Write(40);
        writer.Write(width);
        writer.Write(-height);
        writer.Write((short)1);
        writer.Write((short)24);
        writer.Write(new byte[24]);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < stride; x++)
            {
                writer.Write(x < 3 * width ? Pixel(2 - x % 3, y, x / 3) : (byte)0);
            }
        }

        return stream.ToArray();

        byte Pixel(int channel, int y, int x) => planes[((channels == 1 ? 0 : channel) * height + y) * width + x];
    }
}
