namespace ResNetMLNet.Data;

/// <summary>Between the four interleaved bytes of an MLImage's pixel and the planes that networks want.</summary>
internal static class PixelLayout
{
    /// <summary>Alpha is ignored. Grey is the luma of ITU-R BT.601, which leaves grey images as they are.</summary>
    public static void ToPlanes(ReadOnlySpan<byte> pixels, bool redFirst, int channels, Span<byte> planes)
    {
        var (r, b) = redFirst ? (0, 2) : (2, 0);
        var count = planes.Length / channels;
        if (channels == 1)
        {
            for (var i = 0; i < count; i++)
            {
                var pixel = pixels.Slice(4 * i, 4);
                planes[i] = (byte)(((299 * pixel[r]) + (587 * pixel[1]) + (114 * pixel[b]) + 500) / 1000);
            }

            return;
        }

        var red = planes[..count];
        var green = planes.Slice(count, count);
        var blue = planes.Slice(2 * count, count);
        for (var i = 0; i < count; i++)
        {
            var pixel = pixels.Slice(4 * i, 4);
            red[i] = pixel[r];
            green[i] = pixel[1];
            blue[i] = pixel[b];
        }
    }

    /// <summary>The bytes of an MLImage (blue, green, red, alpha) from one grey plane.</summary>
    public static byte[] FromGrey(ReadOnlySpan<byte> plane)
    {
        var pixels = new byte[4 * plane.Length];
        for (var i = 0; i < plane.Length; i++)
        {
            pixels.AsSpan(4 * i, 3).Fill(plane[i]);
            pixels[(4 * i) + 3] = 255;
        }

        return pixels;
    }
}
