namespace ResNetMLNet.Data.Loading;

/// <summary>From planes to the four interleaved bytes of an MLImage's pixel.</summary>
internal static class PixelLayout
{
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
