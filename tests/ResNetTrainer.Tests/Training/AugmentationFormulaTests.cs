using ResNetMLNet.Data;
using ResNetMLNet.Native;
using ResNetMLNet.Training.Augmenting;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Training;

/// <summary>Random changes to images beside their formulas, written out by hand on the same random numbers.</summary>
[TestClass]
public class AugmentationFormulaTests
{
    private const int Count = 64;

    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    // Of ramps, the middle of what is shown says where in the image it lies, and the slopes there how it is scaled and turned.
    [TestMethod]
    [DataRow(ResizeMode.Stretch, 20, 40)]
    [DataRow(ResizeMode.Stretch, 30, 30)]
    [DataRow(ResizeMode.Pad, 20, 40)]
    [DataRow(ResizeMode.Pad, 30, 30)]
    public void A_crop_is_turned_as_it_is_seen_and_then_each_side_has_its_own_share_of_the_image(ResizeMode mode, int height, int width)
    {
        const double Smallest = 0.3, Rotation = 45;
        const int ImageHeight = 20, ImageWidth = 40;
        using var scope = NewDisposeScope();
        var x = arange(0, ImageWidth, ScalarType.Float32).view(1, 1, 1, ImageWidth).expand(Count, 1, ImageHeight, ImageWidth);
        var y = arange(0, ImageHeight, ScalarType.Float32).view(1, 1, ImageHeight, 1).expand(Count, 1, ImageHeight, ImageWidth);
        var crops = Augmenter.Apply(
            cat([x, y], 1),
            null,
            new() { SmallestCrop = Smallest, Rotation = Rotation },
            new(new(2, height, width), true, mode),
            new(BatchSeed: 1));

        // The four pixels in the middle, far from all edges: the two above, then the two below.
        var middle = crops.narrow(2, (height / 2) - 1, 2).narrow(3, (width / 2) - 1, 2).contiguous().data<float>().ToArray();
        var random = RandomStream.Create(RandomStream.Derive(1, RandomAffine.Purpose, 0));
        for (var i = 0; i < Count; i++)
        {
            var (w, h) = (1.0, 1.0);
            for (var attempt = 0; attempt < 10; attempt++)
            {
                var area = Smallest + ((1 - Smallest) * random.NextDouble());
                var proportions = Math.Pow(4 / 3.0, (2 * random.NextDouble()) - 1);

                // Widths and heights are shares: those of an image twice as wide as high that look the same are one to two.
                var aspect = mode == ResizeMode.Stretch ? proportions : proportions * ImageHeight / ImageWidth;
                if (area * aspect <= 1 && area / aspect <= 1)
                {
                    (w, h) = (Math.Sqrt(area * aspect), Math.Sqrt(area / aspect));
                    break;
                }
            }

            var top = random.NextDouble() * (1 - h);
            var left = random.NextDouble() * (1 - w);
            var (sine, cosine) = Math.SinCos(((2 * random.NextDouble()) - 1) * Rotation * Math.PI / 180);

            // A pixel to the right, and one down, in what is seen: how far that is in the image, in its own pixels.
            var (horizontal, vertical) = (w * ImageWidth / width, h * ImageHeight / height);
            AssertNear(
                [((left + (w / 2)) * ImageWidth) - 0.5, horizontal * cosine, -horizontal * sine],
                Of(middle.AsSpan(8 * i, 4)),
                $"x of {i}");
            AssertNear(
                [((top + (h / 2)) * ImageHeight) - 0.5, vertical * sine, vertical * cosine],
                Of(middle.AsSpan((8 * i) + 4, 4)),
                $"y of {i}");
        }

        static double[] Of(ReadOnlySpan<float> square) =>
        [
            (square[0] + square[1] + square[2] + square[3]) / 4,
            (square[1] + square[3] - square[0] - square[2]) / 2,
            (square[2] + square[3] - square[0] - square[1]) / 2,
        ];
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    public void Brightness_then_contrast_then_saturation_are_changed_by_three_factors_of_each_image(int channels)
    {
        const double Strength = 0.4;
        const long Seed = 7;
        using var scope = NewDisposeScope();

        // Red, green and blue of four pixels, of which the last is white.
        double[][] colours = [[0.9, 0.2, 0.55, 1], [0.1, 0.7, 0.5, 1], [0.3, 0.05, 0.6, 1]];
        var image = colours[..channels];
        var pixels = Enumerable.Repeat(image.SelectMany(plane => plane.Select(value => (float)value)), Count).SelectMany(each => each);
        var changed = ColorJitter.Apply(tensor(pixels.ToArray(), [Count, channels, 2, 2]), Strength, Seed);

        var random = RandomStream.Create(Seed);
        double Factor() => 1 + (((2 * random.NextDouble()) - 1) * Strength);
        var expected = new List<double>();
        for (var i = 0; i < Count; i++)
        {
            var (brightness, contrast, saturation) = (Factor(), Factor(), Factor());
            var planes = Changed(image, (value, _) => value * brightness);
            var mean = Grey(planes).Average();
            planes = Changed(planes, (value, _) => mean + (contrast * (value - mean)));
            if (channels == 3)
            {
                var grey = Grey(planes);
                planes = Changed(planes, (value, pixel) => grey[pixel] + (saturation * (value - grey[pixel])));
            }

            expected.AddRange(planes.SelectMany(plane => plane));
        }

        var actual = changed.contiguous().data<float>().ToArray().Select(value => (double)value).ToArray();
        AssertNear(expected, actual, $"{channels} channels", tolerance: 1e-5);

        static double[][] Changed(double[][] planes, Func<double, int, double> change) =>
            [.. planes.Select(plane => plane.Select((value, pixel) => Math.Clamp(change(value, pixel), 0, 1)).ToArray())];

        // ITU-R BT.601.
        static double[] Grey(double[][] planes) => planes.Length == 1
            ? planes[0]
            : [.. planes[0].Select((red, pixel) => (0.299 * red) + (0.587 * planes[1][pixel]) + (0.114 * planes[2][pixel]))];
    }

    private static void AssertNear(IReadOnlyList<double> expected, IReadOnlyList<double> actual, string what, double tolerance = 1e-3)
    {
        Assert.HasCount(expected.Count, actual, what);
        for (var i = 0; i < expected.Count; i++)
        {
            Assert.AreEqual(expected[i], actual[i], tolerance, $"{what}, number {i}");
        }
    }
}
