using System.Globalization;
using ResNetMLNet.Tests.Support;
using SkiaSharp;

namespace ResNetMLNet.Tests.Samples;

/// <summary>The sample that has neither ML.NET nor this library sees what they see.</summary>
[TestClass]
public sealed class OnnxSampleTests
{
    [TestMethod]
    [DataRow(3)]
    [DataRow(1)]
    public void It_sees_images_as_the_library_does_whichever_way_up_they_lie(int channels)
    {
        using var folder = new TwoClassFolder();
        var ml = Images.Context();
        var images = ml.Data.LoadFromImageFolder(folder.Path);
        using var model = folder.Fit(ml, options => options.ImageChannels = channels);
        model.Model.ExportToOnnx(Path.Combine(folder.Path, "m.onnx"), new() { PixelType = OnnxPixelType.Byte, Resize = true });
        var photos = Photos();
        foreach (var (name, bytes) in photos)
        {
            File.WriteAllBytes(Path.Combine(folder.Path, name), bytes);
        }

        var (status, output, error) = SampleProgram.Run("Onnx", folder.Path, ["m.onnx", .. photos.Select(photo => photo.Name)]);

        Assert.AreEqual(0, status, error);
        var rows = ml.Data.LoadFromEnumerable(photos.Select(photo => new Photo { ImageBytes = photo.Bytes }));
        var scores = Snapshot.Scores(model.Transform(rows));
        var expected = photos.Zip(scores, (photo, row) =>
            string.Create(CultureInfo.InvariantCulture, $"{photo.Name}: {model.Model.TopClasses(row)[0].ClassName} ({row.Max():P1})"));
        Assert.AreEqual(string.Join('\n', expected), output.ReplaceLineEndings("\n").Trim());
        Assert.IsGreaterThan(3, scores.Select(row => MathF.Round(row[0], 3)).Distinct().Count(), "They are not all alike.");
    }

    [TestMethod]
    public void What_the_library_refuses_and_what_the_model_does_not_know_it_does_not_name()
    {
        using var folder = new TwoClassFolder();
        var ml = Images.Context();
        using var model = folder.Fit(ml, options => options.RejectBelow = 0.999999);
        model.Model.ExportToOnnx(Path.Combine(folder.Path, "m.onnx"), new() { PixelType = OnnxPixelType.Byte, Resize = true });
        var (name, bytes) = Photos()[0];
        File.WriteAllBytes(Path.Combine(folder.Path, name), bytes);
        File.WriteAllBytes(Path.Combine(folder.Path, "cut.jpg"), bytes[..^40]);

        StringAssert.StartsWith(SampleProgram.Run("Onnx", folder.Path, "m.onnx", name).Succeeded(), $"{name}: unknown (");
        StringAssert.Contains(SampleProgram.Run("Onnx", folder.Path, "m.onnx", "cut.jpg").Error, "'cut.jpg' is cut off or damaged");
        StringAssert.Contains(SampleProgram.Run("Onnx", folder.Path, "m.onnx", "gone.jpg").Error, "'gone.jpg' cannot be read");
    }

    [TestMethod]
    public void Without_files_it_says_how_it_is_used()
    {
        var (status, _, error) = SampleProgram.Run("Onnx", Path.GetTempPath(), "m.onnx");

        Assert.AreEqual(2, status);
        StringAssert.Contains(error, "Usage: Onnx MODEL.onnx IMAGE...");
    }

    // An image that no turn and no mirror leaves as it is, in all orientations of EXIF, and one with transparent parts.
    private static (string Name, byte[] Bytes)[] Photos()
    {
        var image = EncodedImages.Encode(
            SKEncodedImageFormat.Jpeg, 31, 20, (x, y) => new((byte)(8 * x), (byte)(12 * y), (byte)(x < 9 && y < 5 ? 255 : 0)));
        var glass = EncodedImages.Encode(SKEncodedImageFormat.Png, 24, 24, (x, y) => new((byte)(10 * x), 0, 0, (byte)(10 * y)));
        return
        [
            .. Enumerable.Range(1, 8).Select(
                orientation => ($"{orientation}.jpg", EncodedImages.WithOrientation(image, SKEncodedImageFormat.Jpeg, orientation))),
            ("glass.png", glass),
        ];
    }

    private sealed class Photo
    {
        public byte[] ImageBytes { get; set; } = [];
    }
}
