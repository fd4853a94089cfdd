using Microsoft.ML;
using ResNetMLNet.Tests.Support;
using SkiaSharp;

namespace ResNetMLNet.Tests.Decoding;

/// <summary>With UnreadableImages.Skip, images that cannot be read are left out of training, counted and listed.</summary>
[TestClass]
public sealed class SkippedImageTests
{
    private readonly TwoClassFolder _folder = new(images: 12);
    private readonly List<string> _log = [];
    private readonly MLContext _ml = Images.Context();

    public SkippedImageTests() => _ml.Log += (_, entry) => _log.Add(entry.Message);

    [TestCleanup]
    public void Clean() => _folder.Dispose();

    [TestMethod]
    [DataRow("Image", long.MaxValue)]
    [DataRow("ImageBytes", long.MaxValue)]
    [DataRow("Image", 3000L)]
    [DataRow("ImageBytes", 3000L)]
    public void They_are_left_out_counted_and_listed(string column, long budget)
    {
        var jpeg = EncodedImages.Encode(SKEncodedImageFormat.Jpeg, 20, 20, (x, y) => new((byte)(x * 9), (byte)(y * 11), (byte)(x * y)));
        _folder.Write("cat", "a-text.png", "no image"u8.ToArray());
        _folder.Write("cat", "half.jpg", jpeg[..(jpeg.Length / 2)]);
        _folder.Write("dog", "huge.gif", EncodedImages.Gif(65_535, 65_535));
        _folder.Write("dog", "empty.png", []);
        _folder.Write("dog", "gone.png", jpeg);
        var data = _ml.Data.LoadFromImageFolder(_folder.Path);
        File.Delete(_folder.PathOf("dog", "gone.png"));
        var epochs = 0;
        using var model = Train(data, column, options =>
        {
            (options.NumberOfEpochs, options.MemoryBudget, options.ValidationSet) = (2, budget, data);
            options.EpochCallback = _ => epochs++;
        });

        Assert.AreEqual(12, model.Model.Training.Images);
        Assert.AreEqual(2, epochs);
        foreach (var name in (string[])["a-text.png", "half.jpg", "huge.gif", "empty.png", "gone.png"])
        {
            Assert.HasCount(2, _log.Where(line => line.Contains(name) && line.Contains("left out")), name);
        }

        Assert.ContainsSingle(line => line.Contains("5 of 17 images of the data cannot be read"), _log);
        Assert.ContainsSingle(line => line.Contains("5 of 17 images of the validation set cannot be read"), _log);
    }

    [TestMethod]
    [DataRow(20)]
    [DataRow(null)]
    public void What_LoadImages_cannot_read_is_left_out_too(int? size)
    {
        _folder.Write("cat", "damaged.png", "no image"u8.ToArray());
        var files = Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(file => new LabelledFile { ImagePath = file, Class = Path.GetFileName(Path.GetDirectoryName(file)!) })
            .Prepend(new() { ImagePath = _folder.PathOf("cat", "gone.png"), Class = "cat" });
        var loaded = _ml.Transforms.LoadImages("Image", _folder.Path, nameof(LabelledFile.ImagePath))
            .Append(_ml.Transforms.Conversion.MapValueToKey("Label", nameof(LabelledFile.Class)));
        var data = _ml.Data.LoadFromEnumerable(files);
        using var model = Train(loaded.Fit(data).Transform(data), "Image", options => options.ImageSize = size);

        Assert.AreEqual(12, model.Model.Training.Images);
        Assert.ContainsSingle(line => line.Contains("left out") && line.Contains("damaged.png"), _log);
        Assert.ContainsSingle(line => line.Contains("left out") && line.Contains("gone.png"), _log);
    }

    [TestMethod]
    public void A_model_that_skips_and_one_of_sound_images_alone_are_the_same()
    {
        using var sound = Train(_ml.Data.LoadFromImageFolder(_folder.Path), "ImageBytes");
        _folder.Write("cat", "image3.png", "no image"u8.ToArray());
        var data = _ml.Data.LoadFromImageFolder(_folder.Path);
        using var skipping = Train(data, "ImageBytes");
        var scored = _ml.Data.FilterByCustomPredicate<Row>(data, row => row.ImagePath.EndsWith(".png", StringComparison.Ordinal));

        Snapshot.AssertNear(Snapshot.Scores(sound.Transform(scored)), Snapshot.Scores(skipping.Transform(scored)), tolerance: 0);
        var error = Assert.ThrowsExactly<UnusableImageException>(() => Snapshot.Scores(skipping.Transform(data)));
        Assert.Contains("image3.png", error.Message);
    }

    [TestMethod]
    public void One_at_the_end_of_what_does_not_fit_into_memory_is_not_taken_for_new_data()
    {
        _folder.Write("dog", "zz.png", "no image"u8.ToArray());
        var data = _ml.Data.LoadFromImageFolder(_folder.Path);
        var epochs = 0;
        using var model = Train(data, "ImageBytes", options =>
        {
            (options.NumberOfEpochs, options.BatchSize, options.MemoryBudget, options.ValidationSet) = (1, 4, 0, data);
            options.EpochCallback = _ => epochs++;
        });

        Assert.AreEqual(1, epochs);
    }

    [TestMethod]
    public void Where_none_can_be_read_the_error_says_so()
    {
        using var folder = new TwoClassFolder(images: 0);
        folder.Write("cat", "1.png", "no image"u8.ToArray());
        folder.Write("dog", "2.png", "no image"u8.ToArray());
        foreach (var size in (int?[])[null, 24])
        {
            var error = Assert.Throws<InvalidOperationException>(
                () => Train(_ml.Data.LoadFromImageFolder(folder.Path), "ImageBytes", options => options.ImageSize = size));
            Assert.Contains("1.png", error.Message);
        }
    }

    [TestMethod]
    public void Images_that_are_sound_and_of_another_size_are_no_reason_to_skip()
    {
        _folder.Write("dog", "zlarger.bmp", PixelPattern.Bmp(0, 3, 30, 30));

        Assert.Contains(
            "ImageSize",
            Assert.ThrowsExactly<UnusableImageException>(() => Train(_ml.Data.LoadFromImageFolder(_folder.Path), "ImageBytes")).Message);
    }

    private ResNetTransformer Train(IDataView data, string column, Action<ResNetTrainer.Options>? change = null) => Images.Trainer(
        _ml,
        ImageKind.Encoded,
        options =>
        {
            (options.FeatureColumnName, options.UnreadableImages) = (column, UnreadableImages.Skip);
            change?.Invoke(options);
        }).Fit(data);

    private sealed class Row
    {
        public string ImagePath { get; set; } = "";
    }

    private sealed class LabelledFile
    {
        public string ImagePath { get; set; } = "";

        public string Class { get; set; } = "";
    }
}
