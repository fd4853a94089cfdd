using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Data;
using ResNetMLNet.Tests.Support;
using SkiaSharp;

namespace ResNetMLNet.Tests.Decoding;

/// <summary>Images that are damaged, cut off or something else are refused, and the message says what is wrong with which file.</summary>
[TestClass]
public sealed class DamagedImageTests
{
    private static readonly MLContext Ml = Images.Context();

    public static IEnumerable<object[]> Damaged
    {
        get
        {
            var jpeg = Encode(SKEncodedImageFormat.Jpeg);
            var png = Encode(SKEncodedImageFormat.Png);
            var webp = Encode(SKEncodedImageFormat.Webp);
            var gif = EncodedImages.Gif(1, 1);
            var flipped = png.ToArray();
            flipped[png.Length / 2] ^= 0xFF;
            yield return ["half a JPEG", jpeg[..(jpeg.Length / 2)], "cut off"];
            yield return ["a JPEG without its last tenth", jpeg[..(jpeg.Length * 9 / 10)], "cut off"];
            yield return ["half a PNG", png[..(png.Length / 2)], "cut off"];
            yield return ["a PNG with a byte flipped", flipped, "damaged"];
            yield return ["half a WebP", webp[..(webp.Length / 2)], "damaged"];
            yield return ["a GIF without its pixels", gif[..^5], "cut off"];
            yield return ["half a BMP", PixelPattern.Bmp(0, 3, 20, 20)[..700], "cut off"];
            yield return ["a header", jpeg[..4], "decoded"];
            yield return ["text", "no image"u8.ToArray(), "decoded"];
            yield return ["what Git LFS leaves", "version https://git-lfs.github.com/spec/v1\noid"u8.ToArray(), "git lfs pull"];
            yield return ["zeros", new byte[100], "decoded"];
            yield return ["a bitmap without a magic number (WBMP)", (byte[])[0, 0, 8, 1, 0xAA], "decoded"];
            yield return ["a PNG of no pixels", EncodedImages.Png(new(0, 3, 8, 2), []), "decoded"];
            yield return ["nothing", Array.Empty<byte>(), "no image"];
        }
    }

    public static IEnumerable<object[]> Sound
    {
        get
        {
            var jpeg = Encode(SKEncodedImageFormat.Jpeg);
            yield return ["bytes after the end", (byte[])[.. jpeg, .. new byte[100]], (int[])[3, 30, 40]];
            yield return ["a PNG of 16 bits", EncodedImages.Png(new(1, 1, 16, 2), [0, 1, 2, 3, 4, 5, 6]), (int[])[3, 1, 1]];
            yield return ["a PNG of 1 bit", EncodedImages.Png(new(8, 2, 1, 0), [0, 0xAA, 0, 0x55]), (int[])[3, 2, 8]];
            yield return ["a BMP from top to bottom", PixelPattern.Bmp(0, 3, 20, 21), (int[])[3, 20, 21]];
            yield return ["a GIF", EncodedImages.Gif(1, 1), (int[])[3, 1, 1]];
            var png = Encode(SKEncodedImageFormat.Png);
            byte[] icon = [0, 0, 1, 0, 1, 0, 40, 30, 0, 0, 1, 0, 32, 0, .. BitConverter.GetBytes(png.Length), 22, 0, 0, 0, .. png];
            yield return ["an icon", icon, (int[])[3, 30, 40]];
        }
    }

    [TestMethod]
    [DynamicData(nameof(Damaged))]
    public void Damaged_bytes_are_refused(string what, byte[] file, string word) =>
        Assert.Contains(word, Assert.ThrowsExactly<UnusableImageException>(() => EncodedImages.Read(file), what).Message, what);

    [TestMethod]
    [DynamicData(nameof(Damaged))]
    public void Damaged_images_of_a_folder_are_refused_by_name(string what, byte[] file, string word)
    {
        using var folder = new TwoClassFolder();
        folder.Write("dog", "broken.png", file);
        var data = Ml.Data.LoadFromImageFolder(folder.Path);
        foreach (var column in (string[])["Image", "ImageBytes"])
        {
            var error = Assert.ThrowsExactly<UnusableImageException>(
                () => Images.Trainer(Ml, ImageKind.Encoded, options => options.FeatureColumnName = column).Fit(data), what);
            Assert.Contains(Path.Combine("dog", "broken.png"), error.Message, what);
            Assert.Contains(word, error.Message, what);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Sound))]
    public void Unusual_images_are_read(string what, byte[] file, int[] shape) =>
        CollectionAssert.AreEqual(shape, EncodedImages.Read(file).Shape, what);

    [TestMethod]
    public void Unusual_images_are_read_in_their_colours()
    {
        Near([255, 128, 128], EncodedImages.Read(EncodedImages.CmykJpeg()).Planes.Chunk(64).Select(plane => plane[63]), "CMYK");
        Near([255, 0, 0], EncodedImages.Read(EncodedImages.AnimatedGif()).Planes, "an animation");
        var interlaced = EncodedImages.Png(new(2, 1, 8, 0, Interlaced: true), [0, 10, 0, 200]);
        Near([10, 200, 10, 200, 10, 200], EncodedImages.Read(interlaced).Planes, "interlaced");

        static void Near(byte[] expected, IEnumerable<byte> found, string what) => Assert.IsTrue(
            expected.Zip(found, (one, other) => Math.Abs(one - other)).Max() <= 2, $"{what}: {string.Join(' ', found)}");
    }

    // With a fixed seed. What Skia makes of them may be an image, as long as neither it nor the reader goes astray.
    [TestMethod]
    public void Images_with_bytes_changed_are_read_or_refused()
    {
        var random = new Random(1);
        byte[][] sound =
        [
            EncodedImages.WithOrientation(Encode(SKEncodedImageFormat.Jpeg), SKEncodedImageFormat.Jpeg, 6),
            EncodedImages.WithOrientation(Encode(SKEncodedImageFormat.Png), SKEncodedImageFormat.Png, 6),
            EncodedImages.WithOrientation(Encode(SKEncodedImageFormat.Webp), SKEncodedImageFormat.Webp, 6),
            EncodedImages.AnimatedGif(), EncodedImages.CmykJpeg(), PixelPattern.Bmp(0, 3, 9, 7), EncodedImages.BmpHeader(54, 4, 4),
        ];
        var network = new InputFormat(new(3, 8, 8), Resizes: true, ResizeMode.CenterCrop) { MaximumPixels = 1_000_000 };
        var refused = 0;
        for (var i = 0; i < 2000; i++)
        {
            var image = sound[i % sound.Length].ToArray();
            for (var change = 0; change <= i % 4; change++)
            {
                image[random.Next(i % 2 == 0 ? Math.Min(image.Length, 100) : image.Length)] = (byte)random.Next(256);
            }

            try
            {
                EncodedImages.Read(image[..random.Next(image.Length * 3 / 4, image.Length + 1)], format: network);
            }
            catch (InvalidOperationException)
            {
                refused++;
            }
        }

        Assert.IsGreaterThan(200, refused);
        Assert.IsLessThan(2000, refused);
    }

    [TestMethod]
    public void A_file_that_may_not_be_read_or_is_gone_is_not_called_damaged()
    {
        using var folder = new TwoClassFolder();
        folder.Write("dog", "gone.png", Encode(SKEncodedImageFormat.Png));
        folder.Write("dog", "z.png", Encode(SKEncodedImageFormat.Png));
        var data = Ml.Data.LoadFromImageFolder(folder.Path);
        File.Delete(folder.PathOf("dog", "gone.png"));
        foreach (var column in (string[])["Image", "ImageBytes"])
        {
            Refused(column, "gone.png", "is not there");
        }

        Directory.CreateDirectory(folder.PathOf("dog", "gone.png"));
        foreach (var column in (string[])["Image", "ImageBytes"])
        {
            Refused(column, "gone.png", "may not be read");
        }

        void Refused(string column, params string[] words)
        {
            var error = Assert.ThrowsExactly<UnusableImageException>(
                () => Images.Trainer(Ml, ImageKind.Encoded, options => options.FeatureColumnName = column).Fit(data));
            foreach (var word in words)
            {
                Assert.Contains(word, error.Message);
            }

            Assert.DoesNotContain("decoded", error.Message);
        }
    }

    private static byte[] Encode(SKEncodedImageFormat format) => EncodedImages.Encode(
        format, 40, 30, (x, y) => new((byte)((x * 67) ^ (y * 41)), (byte)((x * y * 31) + 7), (byte)((x * 13) + (y * 101))));
}
