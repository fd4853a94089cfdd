using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Tests.Support;
using SkiaSharp;

namespace ResNetMLNet.Tests.Decoding;

/// <summary>What is transparent is seen on white, in every kind of image and on every way in.</summary>
[TestClass]
public sealed class TransparencyTests
{
    private static readonly MLContext Ml = Images.Context();

    public static IEnumerable<object[]> Transparent
    {
        get
        {
            SKColor colour = new(164, 133, 30, 128);
            yield return ["RGBA", EncodedImages.Png(new(1, 1, 8, 6), [0, 164, 133, 30, 128]), (byte[])[209, 194, 142]];
            byte[] wide = [0, 164, 164, 133, 133, 30, 30, 128, 128];
            yield return ["RGBA of 16 bits", EncodedImages.Png(new(1, 1, 16, 6), wide), (byte[])[209, 194, 142]];
            yield return ["WebP", EncodedImages.Encode(SKEncodedImageFormat.Webp, 1, 1, (_, _) => colour), (byte[])[209, 194, 142]];
            yield return ["grey and alpha", EncodedImages.Png(new(1, 1, 8, 4), [0, 100, 51]), (byte[])[224, 224, 224]];
            var hole = EncodedImages.Chunk("tRNS", [0, 70]);
            yield return ["grey with a transparent value", EncodedImages.Png(new(1, 1, 8, 0), [0, 70], hole), (byte[])[255, 255, 255]];
            yield return
            [
                "palette",
                EncodedImages.Png(new(1, 1, 8, 3), [0, 0], EncodedImages.Chunk("PLTE", [164, 133, 30]), EncodedImages.Chunk("tRNS", [128])),
                (byte[])[209, 194, 142],
            ];
            yield return ["invisible", EncodedImages.Png(new(1, 1, 8, 6), [0, 10, 20, 30, 0]), (byte[])[255, 255, 255]];
            yield return ["opaque", EncodedImages.Png(new(1, 1, 8, 6), [0, 10, 20, 30, 255]), (byte[])[10, 20, 30]];
            yield return ["opaque grey", EncodedImages.Png(new(1, 1, 8, 0), [0, 70]), (byte[])[70, 70, 70]];
        }
    }

    [TestMethod]
    [DynamicData(nameof(Transparent))]
    public void Encoded_bytes_are_seen_on_white(string kind, byte[] file, byte[] colour)
    {
        Near(colour, EncodedImages.Read(file).Planes, kind);
        var grey = (byte)Math.Round((0.299 * colour[0]) + (0.587 * colour[1]) + (0.114 * colour[2]));
        Near([grey], EncodedImages.Read(file, channels: 1).Planes, kind);
    }

    [TestMethod]
    [DynamicData(nameof(Transparent))]
    public void The_images_of_a_folder_are_seen_on_white(string kind, byte[] file, byte[] colour)
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "a"));
            File.WriteAllBytes(Path.Combine(folder, "a", "1.png"), file);
            using var image = Ml.Data.LoadFromImageFolder(folder).GetColumn<MLImage>("Image").Single();
            Near([colour[2], colour[1], colour[0], 255], image.Pixels.ToArray(), kind);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Transparent))]
    public void Images_that_ML_NET_decoded_are_seen_on_white(string kind, byte[] file, byte[] colour) =>
        Near(colour, ReadImage(() => MLImage.CreateFromStream(new MemoryStream(file))), kind);

    [TestMethod]
    public void A_fourth_byte_that_is_no_transparency_is_ignored() => CollectionAssert.AreEqual(
        (byte[])[10, 0, 20, 0, 30, 0],
        ReadImage(() => MLImage.CreateFromPixels(2, 1, MLPixelFormat.Rgba32, (byte[])[10, 20, 30, 0, 0, 0, 0, 0])));

    [TestMethod]
    public void What_a_small_image_leaves_free_of_a_GIFs_canvas_is_white()
    {
        var (shape, planes) = EncodedImages.Read(EncodedImages.Gif(4, 3));

        CollectionAssert.AreEqual((int[])[3, 3, 4], shape);
        CollectionAssert.AreEqual((byte[])[200, .. Enumerable.Repeat((byte)255, 11)], planes[..12]);
    }

    private static byte[] ReadImage(Func<MLImage> image)
    {
        var context = ((Microsoft.ML.Runtime.IHostEnvironment)Ml).Register("test");
        var data = new MemoryDataView(1, new MemoryColumn<MLImage>("Features", new ImageDataViewType(), _ => image()));
        using var cursor = data.GetRowCursor(data.Schema);
        var reader = FeatureColumn.Find(context, data.Schema, "Features", 3).CreateReader(context, cursor, format: null);
        cursor.MoveNext();
        return reader.Read().ToArray();
    }

    private static void Near(byte[] expected, byte[] actual, string kind)
    {
        var text = $"{kind}: {string.Join(' ', actual)} instead of {string.Join(' ', expected)}";
        Assert.HasCount(expected.Length, actual, text);
        Assert.IsTrue(expected.Zip(actual).All(pair => Math.Abs(pair.First - pair.Second) <= 1), text);
    }
}
