using ResNetMLNet.Network;

namespace ResNetMLNet.Data;

/// <summary>What <see cref="HostResizer"/> does to images of one size, as two matrices: down x image x along.</summary>
/// <param name="Down">(target height, source height), row by row.</param>
/// <param name="Along">(source width, target width), row by row.</param>
internal sealed record ResizeMatrix(float[] Down, float[] Along)
{
    public static ResizeMatrix Create(ImageShape from, ImageShape to, ResizeMode mode)
    {
        var size = ScaledSize.Of(from.Height, from.Width, to.Height, to.Width, mode);
        var (down, along) = (new float[to.Height * from.Height], new float[from.Width * to.Width]);
        foreach (var (target, source, weight) in Weights(from.Height, size.Height, to.Height))
        {
            down[(target * from.Height) + source] = weight;
        }

        foreach (var (target, source, weight) in Weights(from.Width, size.Width, to.Width))
        {
            along[(source * to.Width) + target] = weight;
        }

        return new(down, along);
    }

    // Centred; what juts out is cut off, what is left free is black.
    private static IEnumerable<(int Target, int Source, float Weight)> Weights(int from, int scaled, int to)
    {
        var count = Math.Min(scaled, to);
        var kernel = new HostResizer.Kernel(new(from, scaled, count));
        for (var target = 0; target < count; target++)
        {
            for (var source = kernel.First(target); source < kernel.End(target); source++)
            {
                yield return (((to - count) / 2) + target, source, kernel.Weight(target, source));
            }
        }
    }
}
