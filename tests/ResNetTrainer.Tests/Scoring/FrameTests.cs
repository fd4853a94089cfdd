using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Scoring;

/// <summary>A model that was trained on files takes frames of a camera, without their being encoded first.</summary>
[TestClass]
public sealed class FrameTests
{
    [TestMethod]
    public void Pixels_in_memory_are_seen_as_the_file_that_has_them()
    {
        using var folder = new TwoClassFolder();
        var ml = Images.Context();
        using var model = folder.Fit(ml);
        var file = File.ReadAllBytes(folder.PathOf("cat", "image2.bmp"));
        using var decoded = MLImage.CreateFromStream(new MemoryStream(file));
        using var frame = MLImage.CreateFromPixels(decoded.Width, decoded.Height, decoded.PixelFormat, decoded.Pixels);
        using var files = ml.Model.CreatePredictionEngine<Photo, Prediction>(model, ignoreMissingColumns: false);
        using var frames = ml.Model.CreatePredictionEngine<Frame, Prediction>(model);

        CollectionAssert.AreEqual(files.Predict(new() { ImageBytes = file }).Score, frames.Predict(new() { Image = frame }).Score);
        Assert.AreEqual(20, frame.Width, "It is the caller's still.");
    }

    private sealed class Photo
    {
        public byte[] ImageBytes { get; set; } = [];
    }

    private sealed class Frame
    {
        [ColumnName("ImageBytes")]
        [ImageType(20, 20)]
        public MLImage? Image { get; set; }
    }

    private sealed class Prediction
    {
        public float[] Score { get; set; } = [];
    }
}
