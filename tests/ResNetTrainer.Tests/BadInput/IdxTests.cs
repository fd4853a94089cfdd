using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.BadInput;

[TestClass]
public sealed class IdxTests : IDisposable
{
    private static readonly MLContext Ml = Images.Context();

    private readonly string _folder = Directory.CreateTempSubdirectory("resnet-tests-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Files_are_read_gzipped_or_plain(bool zipped)
    {
        var data = Load(ImageFile(3, 4, 5), LabelFile(2, 0, 1), zipped);

        Assert.AreEqual(3, data.GetRowCount());
        CollectionAssert.AreEqual((int[])[1, 4, 5], ((VectorDataViewType)data.Schema["Pixels"].Type).Dimensions.ToArray());
        CollectionAssert.AreEqual((uint[])[3, 1, 2], data.GetColumn<uint>("Label").ToArray());
        var pixels = data.GetColumn<byte[]>("Pixels").ToArray();
        CollectionAssert.AreEqual(Enumerable.Range(20, 20).Select(value => (byte)value).ToArray(), pixels[1]);
        foreach (var (image, grey) in data.GetColumn<MLImage>("Image").Zip(pixels))
        {
            Assert.AreEqual((5, 4), (image.Width, image.Height));
            CollectionAssert.AreEqual(grey, image.Pixels.ToArray().Chunk(4).Select(pixel => pixel[1]).ToArray());
        }
    }

    [TestMethod]
    public void Class_names_are_the_values_of_the_label()
    {
        var data = Load(ImageFile(2, 4, 5), LabelFile(1, 0), classNames: ["zero", "one"]);
        var mapped = Ml.Transforms.Conversion.MapKeyToValue("Label").Fit(data).Transform(data);

        CollectionAssert.AreEqual((string[])["one", "zero"], mapped.GetColumn<string>("Label").ToArray());
    }

    [TestMethod]
    public void Any_number_of_cursors_also_shuffled_ones_go_their_own_ways()
    {
        var data = Load(ImageFile(50, 4, 5), LabelFile([.. Enumerable.Range(0, 50).Select(label => (byte)label)]));
        var expected = Snapshot.Of(data);
        using var one = data.GetRowCursor(data.Schema, new Random(1));
        one.MoveNext();

        Snapshot.AssertEqual(expected, Snapshot.Of(data), "rows");
        static string[] Values(IDataView rows) => [.. Snapshot.Of(rows, "Label", "Pixels").Select(row => row[row.IndexOf("Label")..])];
        var (ordered, shuffled) = (Values(data), Values(Ml.Data.ShuffleRows(data, seed: 1)));
        CollectionAssert.AreNotEqual(ordered, shuffled);
        CollectionAssert.AreEquivalent(ordered, shuffled);
    }

    [TestMethod]
    public void Swapped_files_have_the_wrong_magic_number() =>
        Refused(LabelFile(1, 2), ImageFile(2, 4, 5), "images", "2049", "2051", "swapped");

    [TestMethod]
    [DataRow(3)]
    [DataRow(10)]
    [DataRow(30)]
    public void A_truncated_file(int length)
    {
        Refused(ImageFile(3, 4, 5)[..length], LabelFile(0, 1, 2), "images");
        Refused(ImageFile(3, 4, 5)[..length], LabelFile(0, 1, 2), zipped: true, "images");
    }

    [TestMethod]
    public void A_truncated_gzip()
    {
        var (images, labels) = Write(ImageFile(3, 40, 50), LabelFile(0, 1, 2), zipped: true);
        File.WriteAllBytes(images, File.ReadAllBytes(images)[..^12]);

        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Ml.Data.LoadFromIdx(images, labels)).Message, images);
    }

    [TestMethod]
    public void Counts_that_do_not_agree() => Refused(ImageFile(3, 4, 5), LabelFile(0, 1), "3 images", "2 labels");

    [TestMethod]
    public void Trailing_bytes() => Refused([.. ImageFile(2, 4, 5), 7], LabelFile(0, 1), "images", "more bytes");

    [TestMethod]
    [DataRow(1_000_000_000)]
    [DataRow(-1)]
    [DataRow(2_000)]
    public void Sizes_beyond_the_file(int claimed)
    {
        var images = ImageFile(2, 4, 5);
        BinaryPrimitives.WriteInt32BigEndian(images.AsSpan(4), claimed);
        var before = GC.GetTotalAllocatedBytes();
        Refused(images, LabelFile(0, 1), "images");
        Refused(images, LabelFile(0, 1), zipped: true, "images");

        Assert.IsLessThan(50_000_000, GC.GetTotalAllocatedBytes() - before);
    }

    [TestMethod]
    public void A_label_without_a_name()
    {
        var (images, labels) = Write(ImageFile(2, 4, 5), LabelFile(0, 7));

        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => Ml.Data.LoadFromIdx(images, labels, ["a", "b"])).Message, "label 7");
    }

    [TestMethod]
    public void A_missing_file() => Assert.ThrowsExactly<FileNotFoundException>(
        () => Ml.Data.LoadFromIdx(Path.Combine(_folder, "nothing"), Path.Combine(_folder, "nothing")));

    [TestMethod]
    public void A_folder_of_images_is_read_with_its_sub_folders_as_classes()
    {
        foreach (var (name, row) in (string[])["cat", "dog"] is var names ? names.Select((name, row) => (name, row)) : [])
        {
            Directory.CreateDirectory(Path.Combine(_folder, name));
            Images.Image(row, 3, 20).Save(Path.Combine(_folder, name, "1.png"));
        }

        var data = Ml.Data.LoadFromImageFolder(_folder);
        CollectionAssert.AreEqual((uint[])[1, 2], data.GetColumn<uint>("Label").ToArray());
        CollectionAssert.AreEqual(Images.Image(1, 3, 20).Pixels.ToArray(), data.GetColumn<MLImage>("Image").Last().Pixels.ToArray());
        using var model = Images.Trainer(Ml, ImageKind.Encoded, options => options.FeatureColumnName = "ImageBytes").Fit(data);
        Assert.HasCount(2, Snapshot.Scores(model.Transform(data)));

        File.WriteAllText(Path.Combine(_folder, "dog", "2.png"), "no image");
        var error = Assert.Throws<InvalidOperationException>(
            () => Images.Trainer(Ml, ImageKind.Image, options => options.FeatureColumnName = "Image")
                .Fit(data = Ml.Data.LoadFromImageFolder(_folder)));
        StringAssert.Contains(error.Message, "2.png");
    }

    [TestMethod]
    public void A_folder_without_classes() =>
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => Ml.Data.LoadFromImageFolder(_folder)).Message, "sub-folder");

    private static byte[] ImageFile(int count, int height, int width) =>
        [.. Header(0x803, count, height, width), .. Enumerable.Range(0, count * height * width).Select(value => (byte)value)];

    private static byte[] LabelFile(params byte[] labels) => [.. Header(0x801, labels.Length), .. labels];

    private static byte[] Header(params int[] numbers)
    {
        var bytes = new byte[4 * numbers.Length];
        for (var i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4 * i), numbers[i]);
        }

        return bytes;
    }

    private IDataView Load(byte[] images, byte[] labels, bool zipped = false, string[]? classNames = null)
    {
        var (imagesPath, labelsPath) = Write(images, labels, zipped);
        return Ml.Data.LoadFromIdx(imagesPath, labelsPath, classNames);
    }

    private void Refused(byte[] images, byte[] labels, params string[] words) => Refused(images, labels, zipped: false, words);

    private void Refused(byte[] images, byte[] labels, bool zipped, params string[] words)
    {
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Load(images, labels, zipped));
        foreach (var word in words)
        {
            StringAssert.Contains(error.Message, word);
        }
    }

    private (string Images, string Labels) Write(byte[] images, byte[] labels, bool zipped = false)
    {
        return (Write("images"), Write("labels"));

        string Write(string name)
        {
            var path = Path.Combine(_folder, name);
            using var file = File.Create(path);
            using Stream stream = zipped ? new GZipStream(file, CompressionLevel.Fastest) : file;
            stream.Write(name == "images" ? images : labels);
            return path;
        }
    }
}
