using Microsoft.ML;
using ResNetMLNet.Data;
using ResNetMLNet.Tests.Support;
using TorchSharp;

namespace ResNetMLNet.Tests.Features;

/// <summary>How ResNetFeatures brings images to what its network sees, whether that is a model's or a file's.</summary>
[TestClass]
public class FeaturesInputTests
{
    private static readonly MLContext Ml = Images.Context();

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void CenterCrop_sees_the_middle_of_a_wide_image_and_Stretch_all_of_it(bool ofModel)
    {
        using var model = ofModel ? Featurizer.Classifier() : null;
        var wide = new MemoryDataView(4, Images.Vector("Features", Wide, 1, 20, 40));
        var middle = new MemoryDataView(
            4, Images.Vector("Features", row => Wide(row).Where((_, i) => i % 40 is >= 10 and < 30).ToArray(), 1, 20, 20));

        var expected = FeaturesOf(model, middle, options => options.ResizeMode = ResizeMode.Stretch);
        var cropped = FeaturesOf(model, wide, options => options.ResizeMode = ResizeMode.CenterCrop);
        var stretched = FeaturesOf(model, wide, options => options.ResizeMode = ResizeMode.Stretch);

        Assert.IsLessThan(1e-4, Difference(expected, cropped));
        Assert.IsGreaterThan(1e-3, Difference(expected, stretched));

        static byte[] Wide(int row) => PixelPattern.Planes(row, 1, 20, 40);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void At_an_ImageSize_an_image_is_seen_as_if_it_had_that_size_before(bool ofModel)
    {
        using var model = ofModel ? Featurizer.Classifier(ImageKind.GreyFloats) : null;
        var small = Images.Unlabelled(4, ImageKind.GreyFloats);
        var images = Enumerable.Range(0, 4).Select(Enlarged).ToArray();
        var large = new MemoryDataView(4, Images.Vector("Features", row => images[row], 1, 40, 40));

        var own = FeaturesOf(model, small, options => options.ImageSize = Images.Size);
        var resized = FeaturesOf(model, small, options => options.ImageSize = 40);
        var before = FeaturesOf(model, large, options => options.ImageSize = 40);

        Assert.IsTrue(resized.All(row => row.Length == Featurizer.Length));
        Assert.IsLessThan(1e-4, Difference(before, resized));
        Assert.IsGreaterThan(1e-3, Difference(own, resized));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void An_image_of_more_than_MaximumImagePixels_is_refused(bool ofModel)
    {
        using var model = ofModel ? Featurizer.Classifier(ImageKind.Encoded) : null;
        var images = Images.Unlabelled(2, ImageKind.Encoded);

        Assert.HasCount(2, FeaturesOf(model, images, options => options.MaximumImagePixels = 400));
        var error = Assert.ThrowsExactly<UnusableImageException>(
            () => FeaturesOf(model, images, options => options.MaximumImagePixels = 399));
        Assert.Contains("more than the 399", error.Message);
        Assert.Contains("MaximumImagePixels", error.Message);
    }

    [TestMethod]
    public void The_MaximumImagePixels_of_a_model_hold_where_none_are_given()
    {
        using var model = Featurizer.Classifier(ImageKind.Encoded, options => options.MaximumImagePixels = 400);
        var larger = Images.Unlabelled(2, ImageKind.Encoded, size: 21);

        var error = Assert.ThrowsExactly<UnusableImageException>(
            () => FeaturesOf(model, larger, options => options.ImageSize = Images.Size));
        Assert.Contains("more than the 400", error.Message);
        Assert.HasCount(2, FeaturesOf(model, larger, options => (options.ImageSize, options.MaximumImagePixels) = (Images.Size, 441)));
    }

    private static float[][] FeaturesOf(ITransformer? model, IDataView images, Action<ResNetFeaturesEstimator.Options> change)
    {
        using var transformer = Featurizer.Of(Ml, model, options =>
        {
            options.ImageSize = model is null ? Images.Size : null;
            change(options);
        }).Fit(images);
        return Snapshot.Scores(transformer.Transform(images), Featurizer.Output);
    }

    // An image of the pattern at twice its size, by libtorch.
    private static float[] Enlarged(int row)
    {
        using var scope = torch.NewDisposeScope();
        var pixels = PixelPattern.Planes(row, 1, Images.Size, Images.Size).Select(pixel => pixel / 255f).ToArray();
        var image = torch.tensor(pixels, [1, 1, Images.Size, Images.Size]);
        return Resizing.Resize(image, 40, 40, ResizeMode.Stretch).data<float>().ToArray();
    }

    // The largest, as a share of the largest feature.
    private static double Difference(float[][] expected, float[][] found)
    {
        var (one, other) = (expected.SelectMany(row => row).ToArray(), found.SelectMany(row => row).ToArray());
        Assert.HasCount(one.Length, other);
        return one.Zip(other, (first, second) => Math.Abs(first - second)).Max() / one.Max(feature => Math.Abs(feature));
    }
}
