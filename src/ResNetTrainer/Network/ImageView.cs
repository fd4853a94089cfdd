using static TorchSharp.torch;

namespace ResNetMLNet.Network;

/// <summary>One of the views of an image whose scores are averaged.</summary>
/// <param name="Shift">The pixels that it is shifted by, up and to the left; what it leaves free shows the mirrored image.</param>
/// <param name="Mirrored">Whether it is mirrored, left to right.</param>
internal readonly record struct ImageView(int Shift, bool Mirrored)
{
    public static ImageView[] Of(TestTimeAugmentation augmentation) => augmentation switch
    {
        TestTimeAugmentation.None => [new(0, false)],
        TestTimeAugmentation.Flip => [new(0, false), new(0, true)],
        _ => [new(0, false), new(0, true), new(1, false), new(1, true), new(-1, false), new(-1, true)],
    };

    /// <summary>Where each row of so many comes from; null where they stay.</summary>
    public long[]? Rows(int height) => Shift == 0 ? null : Indices(height, Shift);

    /// <summary>Where each column of so many comes from; null where they stay.</summary>
    public long[]? Columns(int width)
    {
        var indices = Indices(width, Shift);
        return Mirrored ? [.. indices.Reverse()] : Shift == 0 ? null : indices;
    }

    /// <summary>The view of images (batch, channels, height, width); they themselves where it shows them as they are.</summary>
    public Tensor Show(Tensor images)
    {
        return Taken(Taken(images, 2, Rows((int)images.shape[2])), 3, Columns((int)images.shape[3]));

        static Tensor Taken(Tensor x, long dimension, long[]? indices) =>
            indices is null ? x : x.index_select(dimension, tensor(indices).Send(x.device));
    }

    // The pixel at the edge is not repeated.
    private static long[] Indices(int side, int shift) =>
        [.. Enumerable.Range(shift, side).Select(at => (long)(at < 0 ? -at : at >= side ? (2 * (side - 1)) - at : at))];
}
