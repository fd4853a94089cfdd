using ResNetMLNet.Data;
using ResNetMLNet.Network;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Training.Augmenting;

/// <summary>
/// A random part of each image, of random proportions, brought to the size that the network sees (Szegedy et al., 2014; torchvision's
/// RandomResizedCrop).
/// </summary>
internal static class RandomCrops
{
    /// <summary>The least share of the area that is usual.</summary>
    public const double Smallest = 0.08;

    /// <summary>What its random numbers are for, beside those of other changes.</summary>
    public const long Purpose = 2;

    private const double WidestAspect = 4 / 3.0;
    private const int Tries = 10;

    /// <param name="images">(batch, channels, height, width), bytes or floats.</param>
    /// <param name="format">What the network sees.</param>
    /// <param name="smallest">The least share of the image's area that is shown.</param>
    /// <param name="seed">The seed of this batch.</param>
    /// <returns>Floats in the size that the network sees; bytes are scaled to [0, 1].</returns>
    public static Tensor Apply(Tensor images, InputFormat format, double smallest, long seed)
    {
        // Much larger images lose pixels between the samples of a crop: they are made smaller first, as those that are read one by one.
        var (height, width) = ((int)images.shape[2], (int)images.shape[3]);
        var kept = KeptFor(format.Shape);
        var isLarge = height > kept.Height || width > kept.Width;
        var shape = isLarge ? (format with { Kept = kept }).Reduced(height, width) : kept with { Height = height, Width = width };
        var whole = Resizing.ToInput(images, format with { Shape = shape });
        var random = RandomStream.Create(seed);
        var count = images.shape[0];

        // Proportions are those of what is scored: a stretched image's own are not seen.
        var square = format.ResizeMode == ResizeMode.Stretch ? 1 : (double)whole.shape[2] / whole.shape[3];
        var parts = Enumerable.Range(0, (int)count).SelectMany(_ => Draw(random, smallest, square)).ToArray();
        var transforms = Tensors.Copy(parts, [count, 2, 3], whole.device);
        var grid = functional.affine_grid(
            transforms, [count, format.Shape.Channels, format.Shape.Height, format.Shape.Width], align_corners: false);
        return functional.grid_sample(
            whole, grid, mode: GridSampleMode.Bilinear, padding_mode: GridSamplePaddingMode.Border, align_corners: false);
    }

    /// <summary>The size that images are kept in for crops of a size: half as large again, so that not all are enlarged.</summary>
    public static ImageShape KeptFor(ImageShape shape) => shape with { Height = shape.Height * 3 / 2, Width = shape.Width * 3 / 2 };

    // Two rows of (x, y, 1): from places in the crop to places in the image, both from -1 to 1.
    private static float[] Draw(Random random, double smallest, double square)
    {
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
        return [(float)width, 0, (float)((2 * left) + width - 1), 0, (float)height, (float)((2 * top) + height - 1)];
    }
}
