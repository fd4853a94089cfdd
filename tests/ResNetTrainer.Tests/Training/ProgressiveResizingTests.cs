using ResNetMLNet.Training;

namespace ResNetMLNet.Tests.Training;

/// <summary>The sizes of images in the course of a training that begins with small ones.</summary>
[TestClass]
public class ProgressiveResizingTests
{
    // The longer side grows by four pixels, from a share of it to the whole at four fifths of the steps, and the other in proportion.
    [TestMethod]
    [DataRow(64, 64, 0.6, "1x40x40 1x44x44 1x52x52 1x60x60 1x64x64")]
    [DataRow(64, 96, 0.6, "1x40x60 1x46x68 1x54x80 1x62x92 1x64x96")]
    [DataRow(96, 64, 0.6, "1x60x40 1x68x46 1x80x54 1x92x62 1x96x64")]
    [DataRow(64, 64, 0.25, "1x36x36 1x44x44 1x52x52 1x60x60 1x64x64", DisplayName = "at 32 pixels the last kernels would see less")]
    [DataRow(64, 64, 1.0, "1x64x64 1x64x64 1x64x64 1x64x64 1x64x64")]
    public void Images_grow_in_equal_steps(int height, int width, double from, string expected)
    {
        var sizes = new ProgressiveResizing(
            new(ResNetArchitecture.BookResNet18, new(1, height, width), classes: 10), from, until: 0.8);
        var shapes = ((double[])[0, 0.25, 0.5, 0.75, 1]).Select(progress => $"{sizes.At(progress)}");

        Assert.AreEqual(expected, string.Join(' ', shapes));
    }
}
