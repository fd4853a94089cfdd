using Microsoft.ML;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Data;

/// <summary>Data that is read again in each pass, and is not then what it was when it was read first.</summary>
[TestClass]
public sealed class LaterPassTests
{
    private readonly MLContext _ml = Images.Context();

    [TestMethod]
    public void Images_that_become_unreadable_end_the_training()
    {
        using var folder = new TwoClassFolder(images: 12);
        var trainer = Images.Trainer(_ml, ImageKind.Encoded, options =>
        {
            (options.FeatureColumnName, options.UnreadableImages) = ("ImageBytes", UnreadableImages.Skip);
            (options.NumberOfEpochs, options.MemoryBudget) = (3, 3000);
            options.EpochCallback = epoch => File.Delete(folder.PathOf("cat", "image2.bmp"));
        });

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(_ml.Data.LoadFromImageFolder(folder.Path)));

        StringAssert.Contains(error.Message, "The data had 12 images when it was read first, and has 1 fewer now");
        StringAssert.Contains(error.Message, "image2.bmp");
    }

    [TestMethod]
    public void Rows_that_are_gone_are_no_images_of_the_first_class_to_a_linear_layer()
    {
        using var start = Images.Trainer(_ml).Fit(Images.Labelled());
        var trainer = Images.Trainer(_ml, change: options =>
            (options.StartFrom, options.FrozenStages, options.MemoryBudget) = (start, 4, 9_000));

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(Shrinking(from: 1)));

        StringAssert.Contains(error.Message, "24 images when it was read first, and has 1 fewer now");
    }

    // They would be more steps than the learning rate's schedule has.
    [TestMethod]
    [DataRow(14, DisplayName = "a window of images has a rest")]
    [DataRow(16, DisplayName = "windows are full")]
    public void Rows_that_come_later_are_not_trained_on(int count)
    {
        var passes = -1;
        var data = new MemoryDataView(24, Images.Features(), Images.Key(LabelKind.Text, missing: row => row >= count && passes < 1))
        {
            CanShuffle = false,
            OnRow = row => passes += row == 0 ? 1 : 0,
        };
        var trainer = Images.Trainer(_ml, change: options => (options.MemoryBudget, options.BatchSize) = (3_000, 4));

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(data));

        StringAssert.Contains(error.Message, $"{count} images when it was read first, and has more now");
    }

    [TestMethod]
    public void Validation_is_of_all_images_or_none()
    {
        var trainer = Images.Trainer(_ml, change: options => options.MemoryBudget = 100);

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(Images.Labelled(), Shrinking(from: 1)));

        StringAssert.Contains(error.Message, "The validation set had 24 images");
    }

    // What is in memory is not the whole: only a later pass knows that there are larger pixels.
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void The_scale_of_pixels_is_not_that_of_a_black_image_in_front(bool validates)
    {
        var data = new MemoryDataView(
            12,
            Images.Vector("Features", row => row == 0 ? new float[400] : [.. Enumerable.Repeat(20f * row, 400)], 1, 20, 20),
            Images.Key(LabelKind.Text))
        { CanShuffle = false };
        var trainer = Images.Trainer(_ml, ImageKind.GreyFloats, options =>
            (options.MemoryBudget, options.BatchSize, options.ValidationSet) = (100, 2, validates ? data : null));

        using var model = trainer.Fit(data);

        Assert.HasCount(12, Snapshot.Scores(model.Transform(data)));
        Assert.ThrowsExactly<InvalidOperationException>(() => model.Transform(Images.Unlabelled()));
    }

    // The last row has no label from such a pass on.
    private static MemoryDataView Shrinking(int from)
    {
        var passes = -1;
        return new(24, Images.Features(), Images.Key(LabelKind.Text, missing: row => row == 23 && passes >= from))
        {
            CanShuffle = false,
            OnRow = row => passes += row == 0 ? 1 : 0,
        };
    }
}
