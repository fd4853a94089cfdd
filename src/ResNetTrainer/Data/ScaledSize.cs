namespace ResNetMLNet.Data;

/// <summary>The size to which an image is scaled before it is cropped or padded.</summary>
internal readonly record struct ScaledSize(int Height, int Width)
{
    /// <summary>For an image of (h, w) that shall be (height, width).</summary>
    public static ScaledSize Of(int h, int w, int height, int width, ResizeMode mode)
    {
        if (mode == ResizeMode.Stretch)
        {
            return new(height, width);
        }

        var (vertical, horizontal) = ((double)height / h, (double)width / w);
        var scale = mode == ResizeMode.CenterCrop ? Math.Max(vertical, horizontal) : Math.Min(vertical, horizontal);
        var (scaledHeight, scaledWidth) = (Rounded(h * scale), Rounded(w * scale));
        return mode == ResizeMode.CenterCrop
            ? new(Math.Max(scaledHeight, height), Math.Max(scaledWidth, width))
            : new(Math.Min(scaledHeight, height), Math.Min(scaledWidth, width));
    }

    private static int Rounded(double size) => Math.Max(1, (int)Math.Round(size));
}
