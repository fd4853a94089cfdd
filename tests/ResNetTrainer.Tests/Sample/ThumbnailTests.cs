using Microsoft.ML.Data;
using ResNetMLNet.Sample.Reporting;
using ResNetMLNet.Tests.Support;
using SkiaSharp;

namespace ResNetMLNet.Tests.Sample;

/// <summary>Images of a report, pixel by pixel.</summary>
[TestClass]
public class ThumbnailTests
{
    private const int Side = 30;

    // Where the image is looked at along its longer side and along its shorter one, away from where colours meet.
    private static readonly int[] _along = [1, 3, 7, 15, 22, 26, 28];
    private static readonly int[] _across = [1, 5, 10, 15, 19, 24, 28];

    // Thirds of red, green and blue, of 20 pixels each. Of those in the middle, 5 are red, 20 green and 5 blue; in the network's 30 pixels,
    // 10 of each.
    [TestMethod]
    [DataRow(ResizeMode.CenterCrop, "rrgggbb", "ggggggg")]
    [DataRow(ResizeMode.Pad, "rrrgbbb", "..ggg..")]
    [DataRow(ResizeMode.Stretch, "rrrgbbb", "ggggggg")]
    public void An_image_is_drawn_as_it_is_resized_for_the_network(ResizeMode mode, string along, string across)
    {
        var model = PaperModel.Of(new(ResNetArchitecture.BookResNet18, new(3, Side, Side), 2), mode, PaperModel.Training());
        foreach (var isTall in (bool[])[false, true])
        {
            using var image = Thirds(isTall);
            using var drawn = Thumbnail.Draw(image, model);
            SKColor At(int longer, int shorter) => isTall ? drawn.GetPixel(shorter, longer) : drawn.GetPixel(longer, shorter);

            Assert.AreEqual((Side, Side), (drawn.Width, drawn.Height));
            Assert.AreEqual(along, string.Concat(_along.Select(place => NameOf(At(place, Side / 2)))), $"along, tall: {isTall}");
            Assert.AreEqual(across, string.Concat(_across.Select(place => NameOf(At(Side / 2, place)))), $"across, tall: {isTall}");
        }
    }

    // The wide image has its colours in the one order in memory, the tall one in the other.
    private static MLImage Thirds(bool isTall)
    {
        var (width, height) = isTall ? (Side, 2 * Side) : (2 * Side, Side);
        var pixels = new byte[4 * width * height];
        for (var i = 0; i < width * height; i++)
        {
            var third = (isTall ? i / width : i % width) / 20;
            pixels[(4 * i) + (isTall ? third : 2 - third)] = 255;
            pixels[(4 * i) + 3] = 255;
        }

        return MLImage.CreateFromPixels(width, height, isTall ? MLPixelFormat.Rgba32 : MLPixelFormat.Bgra32, pixels);
    }

    private static char NameOf(SKColor colour)
    {
        byte[] parts = [colour.Red, colour.Green, colour.Blue];
        return string.Concat(parts.Select(part => part > 250 ? '1' : part < 5 ? '0' : '?')) switch
        {
            "100" => 'r',
            "010" => 'g',
            "001" => 'b',
            "000" => '.',
            _ => '?',
        };
    }
}
