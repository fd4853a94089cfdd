using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Data;
using ResNetMLNet.Tests.Support;
using SkiaSharp;

namespace ResNetMLNet.Tests.Decoding;

/// <summary>Images are seen the way up that their EXIF orientation says.</summary>
[TestClass]
public sealed class OrientationTests
{
    // As it lies in the file: four fields of 16x16 pixels, with a fifth and sixth below, so that no turn or mirror looks like another.
    private const string Stored = "RG/BW/KY";

    private static readonly MLContext Ml = Images.Context();

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public static IEnumerable<object[]> Orientations =>
        from format in (SKEncodedImageFormat[])[SKEncodedImageFormat.Jpeg, SKEncodedImageFormat.Png, SKEncodedImageFormat.Webp]
        from seen in (string[])["RG/BW/KY", "GR/WB/YK", "YK/WB/GR", "KY/BW/RG", "RBK/GWY", "KBR/YWG", "YWG/KBR", "GWY/RBK"]
        select (object[])[format, seen];

    [TestCleanup]
    public void Clean() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [DynamicData(nameof(Orientations))]
    public void Encoded_bytes_are_turned(SKEncodedImageFormat format, string seen)
    {
        var (shape, planes) = EncodedImages.Read(File(format, OrientationOf(seen)));

        CollectionAssert.AreEqual((int[])[3, 16 * seen.Split('/').Length, 16 * seen.IndexOf('/')], shape);
        Assert.AreEqual(seen, Fields(shape[1], shape[2], Pixels(planes, shape[1], shape[2])));
    }

    [TestMethod]
    [DynamicData(nameof(Orientations))]
    public void The_images_of_a_folder_are_turned(SKEncodedImageFormat format, string seen)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "a"));
        System.IO.File.WriteAllBytes(Path.Combine(_folder, "a", $"1.{format}".ToLowerInvariant()), File(format, OrientationOf(seen)));
        using var image = Ml.Data.LoadFromImageFolder(_folder).GetColumn<MLImage>("Image").Single();
        var pixels = image.Pixels.ToArray();

        Assert.AreEqual(MLPixelFormat.Bgra32, image.PixelFormat);
        Assert.AreEqual(
            seen, Fields(image.Height, image.Width, (x, y) => [.. pixels.AsSpan(4 * ((y * image.Width) + x), 3).ToArray().Reverse()]));
    }

    [TestMethod]
    [DynamicData(nameof(Orientations))]
    public void Reduced_images_are_turned(SKEncodedImageFormat format, string seen)
    {
        var rows = seen.Split('/');
        var reduced = new InputFormat(new(3, rows.Length * 4, rows[0].Length * 4), Resizes: true, ResizeMode.Stretch);
        var planes = EncodedImages.Read(File(format, OrientationOf(seen)), format: reduced).Planes;
        var (height, width) = (reduced.Shape.Height, reduced.Shape.Width);

        Assert.AreEqual(seen, Fields(height, width, Pixels(planes, height, width), side: 4));
    }

    [TestMethod]
    [DataRow(SKEncodedImageFormat.Jpeg)]
    [DataRow(SKEncodedImageFormat.Png)]
    [DataRow(SKEncodedImageFormat.Webp)]
    public void EXIF_that_is_wrong_leaves_an_image_as_it_lies(SKEncodedImageFormat format)
    {
        var upright = EncodedImages.Read(File(format, 1)).Planes;
        var image = Encode(format);
        foreach (var (exif, what) in ((byte[], string)[])
        [
            (EncodedImages.Exif(0), "orientation 0"),
            (EncodedImages.Exif(9), "orientation 9"),
            (EncodedImages.Exif(6, tag: 0x0113), "another tag"),
            (EncodedImages.Exif(6, directory: 9), "an offset beside the directory"),
            (EncodedImages.Exif(6, directory: 0x7FFFFFFF), "an offset beyond the end"),
            (EncodedImages.Exif(6, directory: 0xFFFFFFFF), "an offset that is negative as an integer"),
            (EncodedImages.Exif(6)[..12], "cut off within the entry"),
            (EncodedImages.Exif(6)[..4], "cut off within the header"),
            (new byte[40], "zeros"),
        ])
        {
            CollectionAssert.AreEqual(upright, EncodedImages.Read(EncodedImages.WithExif(image, format, exif)).Planes, what);
        }
    }

    [TestMethod]
    [DataRow(SKEncodedImageFormat.Jpeg)]
    [DataRow(SKEncodedImageFormat.Png)]
    [DataRow(SKEncodedImageFormat.Webp)]
    public void EXIF_in_either_order_of_bytes(SKEncodedImageFormat format) => CollectionAssert.AreEqual(
        EncodedImages.Read(File(format, 6)).Planes,
        EncodedImages.Read(EncodedImages.WithExif(Encode(format), format, EncodedImages.Exif(6, bigEndian: false))).Planes);

    [TestMethod]
    [DataRow(0xFFFFFFF4, "junk")]
    [DataRow(0xFFFFFFF8, "eXIf")]
    [DataRow(0xFFFFFFFF, "eXIf")]
    [Timeout(20_000, CooperativeCancellation = false)]
    public void A_PNG_with_a_chunk_of_an_impossible_length_is_read_without_it(uint length, string type)
    {
        var png = Encode(SKEncodedImageFormat.Png);
        byte[] chunk = [.. BitConverter.GetBytes(length).Reverse(), .. Encoding.ASCII.GetBytes(type), 0, 0, 0, 0];

        CollectionAssert.AreEqual(EncodedImages.Read(png).Planes, EncodedImages.Read([.. png, .. chunk]).Planes);
    }

    private static int OrientationOf(string seen) => (int)Orientations.Select(row => (string)row[1]).ToList().IndexOf(seen) + 1;

    private static byte[] File(SKEncodedImageFormat format, int orientation) =>
        EncodedImages.WithOrientation(Encode(format), format, orientation);

    private static byte[] Encode(SKEncodedImageFormat format) =>
        EncodedImages.Encode(format, 32, 48, (x, y) => Colour(Stored[(y / 16 * 3) + (x / 16)]));

    private static Func<int, int, byte[]> Pixels(byte[] planes, int height, int width) =>
        (x, y) => [.. Enumerable.Range(0, 3).Select(channel => planes[(((channel * height) + y) * width) + x])];

    private static SKColor Colour(char name) => name switch
    {
        'R' => new(230, 20, 20),
        'G' => new(20, 230, 20),
        'B' => new(20, 20, 230),
        'W' => new(230, 230, 230),
        'K' => new(20, 20, 20),
        _ => new(230, 230, 20),
    };

    // The colours in the middle of each field.
    private static string Fields(int height, int width, Func<int, int, byte[]> pixel, int side = 16)
    {
        var rows =
            from y in Enumerable.Range(0, height / side)
            select string.Concat(
                from x in Enumerable.Range(0, width / side) select NameOf(pixel((x * side) + (side / 2), (y * side) + (side / 2))));
        return string.Join('/', rows);
    }

    private static char NameOf(byte[] colour)
    {
        return "RGBWKY".MinBy(name => Distance(Colour(name)));

        int Distance(SKColor other) =>
            Math.Abs(other.Red - colour[0]) + Math.Abs(other.Green - colour[1]) + Math.Abs(other.Blue - colour[2]);
    }
}
