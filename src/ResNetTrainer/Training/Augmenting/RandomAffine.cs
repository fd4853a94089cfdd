using ResNetMLNet.Data;
using ResNetMLNet.Network;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Training.Augmenting;

/// <summary>
/// A random part of each image, of random proportions, brought to the size that the network sees (Szegedy et al., 2014; torchvision's
/// RandomResizedCrop), and turned by a random angle: in one go, so that pixels are interpolated once.
/// </summary>
internal static class RandomAffine
{
    /// <summary>The least share of the area that is usual.</summary>
    public const double UsualCrop = 0.08;

    /// <summary>The most degrees that are usual.</summary>
    public const double UsualRotation = 15;

    /// <summary>What its random numbers are for, beside those of other changes.</summary>
    public const long Purpose = 2;

    private const double WidestAspect = 4 / 3.0;
    private const int Tries = 10;

    /// <param name="images">(batch, channels, height, width), bytes or floats.</param>
    /// <param name="format">What the network sees.</param>
    /// <param name="plan">How small a part may be, and by how much it is turned.</param>
    /// <param name="seed">The seed of this batch.</param>
    /// <returns>Floats in the size that the network sees; bytes are scaled to [0, 1].</returns>
    public static Tensor Apply(Tensor images, InputFormat format, AugmentationPlan plan, long seed)
    {
        var whole = plan.SmallestCrop is null ? Resizing.ToInput(images, format) : Kept(images, format);
        var random = RandomStream.Create(seed);
        var count = images.shape[0];

        // Proportions are those of what is scored: a stretched image's own are not seen.
        var square = format.ResizeMode == ResizeMode.Stretch ? 1 : (double)whole.shape[2] / whole.shape[3];
        var aspect = (double)format.Shape.Height / format.Shape.Width;
        var parts = Enumerable.Range(0, (int)count)
            .SelectMany(_ => Turned(Draw(random, plan.SmallestCrop, square), Angle(random, plan.Rotation), aspect)).ToArray();
        var transforms = Tensors.Copy(parts, [count, 2, 3], whole.device);
        var grid = functional.affine_grid(
            transforms, [count, format.Shape.Channels, format.Shape.Height, format.Shape.Width], align_corners: false);
        var beyond = plan.Rotation > 0 ? GridSamplePaddingMode.Reflection : GridSamplePaddingMode.Border;
        return functional.grid_sample(whole, grid, mode: GridSampleMode.Bilinear, padding_mode: beyond, align_corners: false);
    }

    // Much larger images lose pixels between the samples of a crop: they are made smaller first, as those that are read one by one.
    private static Tensor Kept(Tensor images, InputFormat format)
    {
        var (height, width) = ((int)images.shape[2], (int)images.shape[3]);
        var kept = KeptFor(format.Shape);
        if (height <= kept.Height && width <= kept.Width)
        {
            return Resizing.ToFloats(images);
        }

        var (shape, mode) = (format with { Kept = kept }).Reduced(height, width);
        return Resizing.ToInput(images, format with { Shape = shape, ResizeMode = mode });
    }

    /// <summary>The size that images are kept in for crops of a size: half as large again, so that not all are enlarged.</summary>
    public static ImageShape KeptFor(ImageShape shape) => shape with { Height = shape.Height * 3 / 2, Width = shape.Width * 3 / 2 };

    // The place of a crop in the image, both from -1 to 1: its centre, and how much of the image it is. Null is the whole.
    private static (double X, double Y, double Width, double Height) Draw(Random random, double? share, double square)
    {
        if (share is not { } smallest)
        {
            return (0, 0, 1, 1);
        }

        var (height, width) = (1.0, 1.0);
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var area = smallest + ((1 - smallest) * random.NextDouble());
            var aspect = Math.Pow(WidestAspect, (2 * random.NextDouble()) - 1) * square;
            var (h, w) = (Math.Sqrt(area / aspect), Math.Sqrt(area * aspect));
            if (h <= 1 && w <= 1)
            {
                (height, width) = (h, w);
                break;
            }
        }

        var (top, left) = (random.NextDouble() * (1 - height), random.NextDouble() * (1 - width));
        return ((2 * left) + width - 1, (2 * top) + height - 1, width, height);
    }

    // Where nothing is turned, no random number is used up.
    private static double Angle(Random random, double most) =>
        most > 0 ? ((2 * random.NextDouble()) - 1) * most * Math.PI / 180 : 0;

    // Two rows of (x, y, 1): from places in what the network sees, height for width, to places in the image.
    private static float[] Turned((double X, double Y, double Width, double Height) crop, double angle, double aspect)
    {
        var (sine, cosine) = Math.SinCos(angle);
        return
        [
            (float)(crop.Width * cosine), (float)(-crop.Width * sine * aspect), (float)crop.X,
            (float)(crop.Height * sine / aspect), (float)(crop.Height * cosine), (float)crop.Y,
        ];
    }
}
