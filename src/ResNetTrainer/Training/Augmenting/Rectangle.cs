using ResNetMLNet.Network;
using static TorchSharp.torch;

namespace ResNetMLNet.Training.Augmenting;

/// <summary>A part of an image, in pixels.</summary>
internal readonly record struct Rectangle(int Top, int Left, int Height, int Width)
{
    /// <summary>
    /// One whose area is uniformly distributed, of the image's proportions, anywhere; what lies beyond the edges is cut off (Yun et al.,
    /// 2019).
    /// </summary>
    public static Rectangle Draw(Random random, ImageShape shape)
    {
        var side = Math.Sqrt(random.NextDouble());
        var ((top, height), (left, width)) = (Along(shape.Height), Along(shape.Width));
        return new(top, left, height, width);

        (int Start, int Length) Along(int pixels)
        {
            var centre = random.NextDouble();
            int At(double place) => (int)Math.Round(Math.Clamp(place, 0, 1) * pixels);
            var (start, end) = (At(centre - (side / 2)), At(centre + (side / 2)));
            return (start, end - start);
        }
    }

    /// <summary>How much of an image it is, from 0 to 1.</summary>
    public double ShareOf(long height, long width) => (double)Height * Width / (height * width);

    /// <summary>A view of this part.</summary>
    /// <param name="images">(batch, channels, height, width).</param>
    public Tensor Of(Tensor images) => images.narrow(2, Top, Height).narrow(3, Left, Width);
}
