using Microsoft.ML;
using ResNetMLNet.Saving;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Scoring;

/// <summary>Scores that are the mean of six views of an image.</summary>
[TestClass]
public class TestTimeViewTests
{
    private const int Size = Images.Size;

    [TestMethod]
    public void A_score_of_six_views_is_the_mean_of_those_of_the_shifted_and_mirrored_images()
    {
        using var plain = Fit(TestTimeAugmentation.None);
        using var six = Fit(TestTimeAugmentation.FlipAndShift);
        var views =
            from shift in (int[])[0, 1, -1]
            from mirrored in (bool[])[false, true]
            select Scores(plain, shift, mirrored);
        var (expected, found) = (views.Aggregate((sum, view) => [.. sum.Zip(view, (one, other) => one + other)]), Scores(six, 0, false));

        for (var i = 0; i < found.Length; i++)
        {
            Assert.AreEqual(expected[i] / 6, found[i], 1e-5f);
        }

        CollectionAssert.AreNotEqual(Scores(plain, 0, false), found);
    }

    [TestMethod]
    [DataRow(TestTimeAugmentation.None, 1)]
    [DataRow(TestTimeAugmentation.Flip, 1)]
    [DataRow(TestTimeAugmentation.FlipAndShift, 3)]
    public void What_is_averaged_is_saved_and_needs_a_newer_version_only_where_it_is_new(TestTimeAugmentation views, int version)
    {
        using var model = Fit(views);
        var data = Images.Unlabelled(5, ImageKind.GreyFloats);
        using var stream = new MemoryStream();
        Images.Context().Model.Save(model, data.Schema, stream);
        var loaded = (ResNetTransformer)new MLContext().Model.Load(stream, out _);

        Assert.AreEqual(views, loaded.Model.TestTimeAugmentation);
        Assert.AreEqual(version, new ModelHeader(loaded.Model.Network, loaded.Model.Training, new("a", "b", "c", "d"), "").FormatVersion);
        CollectionAssert.AreEqual(Snapshot.Scores(model.Transform(data))[3], Snapshot.Scores(loaded.Transform(data))[3]);
    }

    [TestMethod]
    public void Views_that_there_are_not_are_refused() => Assert.Contains(
        "TestTimeAugmentation", Assert.ThrowsExactly<InvalidOperationException>(() => Fit((TestTimeAugmentation)7)).Message);

    [TestMethod]
    public void A_model_can_take_other_views_later()
    {
        using var asked = Fit(TestTimeAugmentation.FlipAndShift);
        using var alone = Fit(TestTimeAugmentation.None);
        using var changed = alone.WithTestTimeAugmentation(TestTimeAugmentation.FlipAndShift);
        var data = Images.Unlabelled(5, ImageKind.GreyFloats);

        Snapshot.AssertNear(Snapshot.Scores(asked.Transform(data)), Snapshot.Scores(changed.Transform(data)), tolerance: 0);
        Assert.AreEqual(TestTimeAugmentation.None, alone.Model.TestTimeAugmentation);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => alone.WithTestTimeAugmentation((TestTimeAugmentation)7));
    }

    private static ResNetTransformer Fit(TestTimeAugmentation views) =>
        Images.Trainer(Images.Context(), ImageKind.GreyFloats, options => options.TestTimeAugmentation = views)
            .Fit(Images.Labelled(12, ImageKind.GreyFloats));

    private static float[] Scores(ResNetTransformer model, int shift, bool mirrored)
    {
        var shown = Images.Vector("Features", Shown, 1, Size, Size);
        return [.. Snapshot.Scores(model.Transform(new MemoryDataView(6, shown))).SelectMany(row => row)];

        float[] Shown(int image)
        {
            var planes = PixelPattern.Planes(image, 1, Size, Size);
            return [.. Enumerable.Range(0, Size * Size).Select(at => planes[(Reflected((at / Size) + shift) * Size)
                + Reflected((mirrored ? Size - 1 - (at % Size) : at % Size) + shift)] / 255f)];
        }
    }

    private static int Reflected(int at) => at < 0 ? -at : at >= Size ? (2 * (Size - 1)) - at : at;
}
