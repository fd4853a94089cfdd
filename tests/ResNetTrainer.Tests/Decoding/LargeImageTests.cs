using ResNetMLNet.Data;
using ResNetMLNet.Network;
using ResNetMLNet.Tests.Support;
using SkiaSharp;

namespace ResNetMLNet.Tests.Decoding;

/// <summary>The header says how large an image is: too large is refused before a pixel is decoded, large is reduced on the way.</summary>
[TestClass]
public sealed class LargeImageTests
{
    public static IEnumerable<object[]> TooLarge =>
    [
        ["GIF", EncodedImages.Gif(65_535, 65_535), "65535x65535"],
        ["PNG", EncodedImages.Png(new(30_000, 30_000, 8, 0), []), "30000x30000"],
        ["PNG beyond what Skia takes", EncodedImages.Png(new(2_000_000_000, 2_000_000_000, 8, 6), []), ""],
        ["BMP", EncodedImages.BmpHeader(54, 30_000, 40_000), "30000x40000"],
    ];

    [TestMethod]
    [DynamicData(nameof(TooLarge))]
    public void An_image_beyond_the_limit_is_refused_by_its_header(string what, byte[] file, string size)
    {
        var before = GC.GetTotalAllocatedBytes();
        var error = Assert.ThrowsExactly<UnusableImageException>(() => EncodedImages.Read(file), what);

        Assert.Contains(size, error.Message, what);
        Assert.Contains("Features", error.Message, what);
        Assert.IsLessThan(20_000_000, GC.GetTotalAllocatedBytes() - before, what);
    }

    [TestMethod]
    public void The_limit_is_an_option_that_the_model_keeps()
    {
        var ml = Images.Context();
        var data = Images.Labelled(kind: ImageKind.Encoded, size: 40);
        var trainer = Images.Trainer(ml, ImageKind.Encoded, options => (options.ImageSize, options.MaximumImagePixels) = (24, 1599));
        Assert.Contains("40x40", Assert.ThrowsExactly<UnusableImageException>(() => trainer.Fit(data)).Message);

        trainer = Images.Trainer(ml, ImageKind.Encoded, options => (options.ImageSize, options.MaximumImagePixels) = (24, 1600));
        using var model = trainer.Fit(data);
        using var zip = new MemoryStream();
        ml.Model.Save(model, null, zip);
        using var again = (ResNetTransformer)Images.Context().Model.Load(zip, out _);
        Snapshot.AssertNear(Snapshot.Scores(model.Transform(data)), Snapshot.Scores(again.Transform(data)));
        foreach (var scoring in (ResNetTransformer[])[model, again])
        {
            var error = Assert.ThrowsExactly<UnusableImageException>(
                () => Snapshot.Scores(scoring.Transform(Images.Unlabelled(kind: ImageKind.Encoded, size: 41))));
            Assert.Contains("MaximumImagePixels", error.Message);
        }
    }

    [TestMethod]
    [DataRow(0x7FFFFFFFu)]
    [DataRow(0x80000000u)]
    [DataRow(0xFFFFFFFFu)]
    public void A_BMP_whose_data_is_nowhere_ends_in_an_error_and_not_the_process(uint offset)
    {
        Assert.ThrowsExactly<UnusableImageException>(() => EncodedImages.Read(EncodedImages.BmpHeader(offset, 4, 4)));
    }

    [TestMethod]
    public void The_number_of_values_of_a_shape_does_not_overflow() =>
        Assert.ThrowsExactly<OverflowException>(() => new ImageShape(3, 30_000, 30_000).Count);

    [TestMethod]
    [DataRow(ResizeMode.Stretch)]
    [DataRow(ResizeMode.CenterCrop)]
    [DataRow(ResizeMode.Pad)]
    public void An_image_that_is_all_length_is_reduced_in_little_memory(ResizeMode mode)
    {
        var file = EncodedImages.Gif(65_535, 2);
        EncodedImages.Read(file, format: new(new(3, 32, 32), Resizes: true, mode));
        var before = GC.GetTotalAllocatedBytes();
        var (shape, _) = EncodedImages.Read(file, format: new(new(3, 224, 224), Resizes: true, mode));

        CollectionAssert.AreEqual((int[])[3, 224, 224], shape);
        Assert.IsLessThan(30_000_000, GC.GetTotalAllocatedBytes() - before);
    }

    [TestMethod]
    [DataRow(SKEncodedImageFormat.Jpeg, 800, 600)]
    [DataRow(SKEncodedImageFormat.Jpeg, 801, 603)]
    [DataRow(SKEncodedImageFormat.Webp, 801, 603)]
    public void An_image_that_is_reduced_while_it_is_decoded_looks_like_one_that_is_reduced_after(
        SKEncodedImageFormat format, int width, int height)
    {
        // The PNG has the very pixels that the whole of the other decodes to.
        var file = EncodedImages.Encode(format, width, height, Scene, quality: 90);
        using var whole = SKBitmap.Decode(file);
        using var png = whole.Encode(SKEncodedImageFormat.Png, 100);
        foreach (var (side, mode) in ((int, ResizeMode)[])[(32, ResizeMode.Stretch), (90, ResizeMode.Pad), (120, ResizeMode.CenterCrop)])
        {
            var network = new InputFormat(new(3, side, side), Resizes: true, mode);
            var during = EncodedImages.Read(file, format: network).Planes;
            var after = EncodedImages.Read(png.ToArray(), format: network).Planes;
            var differences = during.Zip(after, (one, other) => Math.Abs(one - other)).Order().ToArray();

            Assert.IsLessThan(1.0, differences.Average(), $"{side} {mode}");
            Assert.IsLessThan(8, differences[differences.Length * 99 / 100], $"{side} {mode}");
        }
    }

    // Edges, gradients and texture.
    private static SKColor Scene(int x, int y)
    {
        var texture = (((x * 7919) ^ (y * 104729)) >> 4) & 31;
        var disc = ((x - 350) * (x - 350)) + ((y - 250) * (y - 250)) < 150 * 150 ? 120 : 0;
        var stripes = (x / 20 % 2 == 0) ^ (y / 30 % 2 == 0) ? 60 : 0;
        return new((byte)((x / 20) + texture + disc), (byte)((y / 5) + stripes + texture), (byte)(stripes + disc + 20));
    }
}
