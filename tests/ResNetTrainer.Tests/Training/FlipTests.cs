using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Training;

/// <summary>Images whose mirror image means something else.</summary>
[TestClass]
public class FlipTests
{
    [TestMethod]
    [DataRow(TrainingRecipe.Fast, 10, Augmentation.None)]
    [DataRow(TrainingRecipe.Fast, 20, Augmentation.Erase)]
    [DataRow(TrainingRecipe.Best, 20, Augmentation.Shift | Augmentation.RandomErasing)]
    [DataRow(TrainingRecipe.Book, 10, Augmentation.None)]
    public void The_recipe_goes_without_flips_and_keeps_the_rest(TrainingRecipe recipe, int epochs, Augmentation expected)
    {
        var plan = Recipes.Fill(new()
        {
            Recipe = recipe,
            Epochs = epochs,
            AllowFlip = false,
            Images = 10_000,
            SmallImages = true,
            Seed = 0,
            Precision = ScalarType.Float32,
        });

        Assert.AreEqual(expected, plan.Augmentation);
    }

    // Two classes that are each other's mirror image: flips make them the same.
    [TestMethod]
    public void Left_and_right_can_be_learnt_without_flips_and_not_with_them()
    {
        Assert.IsGreaterThan(0.9, AccuracyOf(options => options.AllowFlip = false));
        Assert.IsLessThan(0.8, AccuracyOf(options => options.TestTimeAugmentation = TestTimeAugmentation.Flip));
    }

    [TestMethod]
    public void A_model_that_knows_no_mirror_images_is_not_scored_with_them()
    {
        using var start = Images.Trainer(Images.Context(), change: options =>
            (options.Augmentation, options.AllowFlip) = (null, false)).Fit(Images.Labelled());
        ResNetTransformer Further(bool? allowFlip, Augmentation? augmentation = null) => Images.Trainer(Images.Context(), change: options =>
        {
            (options.StartFrom, options.AllowFlip, options.Augmentation) = (start, allowFlip, augmentation);
            options.TestTimeAugmentation = TestTimeAugmentation.Flip;
        }).Fit(Images.Labelled());

        var message = Assert.ThrowsExactly<InvalidOperationException>(() => Further(null)).Message;

        StringAssert.Contains(message, "TestTimeAugmentation is Flip, but it must be None where the model in StartFrom");
        Further(true).Dispose();
        Further(null, Augmentation.Flip).Dispose();
        Assert.ThrowsExactly<InvalidOperationException>(() => start.WithTestTimeAugmentation(TestTimeAugmentation.Flip));
        start.WithTestTimeAugmentation(TestTimeAugmentation.None).Dispose();
    }

    [TestMethod]
    [DataRow(null, true)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    public void A_model_is_trained_further_as_it_began_unless_it_is_said(bool? allowFlip, bool expected)
    {
        using var first = Images.Trainer(Images.Context(), change: options =>
            (options.Augmentation, options.AllowFlip) = (null, false)).Fit(Images.Labelled());
        using var start = Images.Reloaded(first);
        using var model = Images.Trainer(Images.Context(), change: options =>
            (options.Augmentation, options.AllowFlip, options.StartFrom) = (null, allowFlip, start)).Fit(Images.Labelled());

        Assert.IsTrue(start.Model.Training.NeverFlipped);
        Assert.AreEqual(expected, model.Model.Training.NeverFlipped);
    }

    [TestMethod]
    public void What_mirrors_images_contradicts_it()
    {
        foreach (var (change, option) in ((Action<ResNetTrainer.Options>, string)[])
        [
            (options => options.Augmentation = Augmentation.Flip | Augmentation.Erase, "Augmentation is Flip, Erase"),
            (options => options.TestTimeAugmentation = TestTimeAugmentation.Flip, "TestTimeAugmentation is Flip"),
            (options => options.TestTimeAugmentation = TestTimeAugmentation.FlipAndShift, "TestTimeAugmentation is FlipAndShift"),
        ])
        {
            var error = Assert.ThrowsExactly<InvalidOperationException>(() => Images.Trainer(Images.Context(), change: options =>
            {
                options.AllowFlip = false;
                change(options);
            }));
            StringAssert.Contains(error.Message, option);
            StringAssert.Contains(error.Message, "AllowFlip is false");
        }
    }

    private static double AccuracyOf(Action<ResNetTrainer.Options> change)
    {
        var ml = Images.Context();
        var data = new MemoryDataView(48, Images.Vector("Features", Arrow, 1, 20, 20), Images.Key(LabelKind.ByteKeyWithText));
        using var model = Images.Trainer(ml, change: options =>
        {
            (options.Augmentation, options.NumberOfEpochs) = (null, 12);
            change(options);
        }).Fit(data);
        return ml.MulticlassClassification.Evaluate(model.Transform(data)).MacroAccuracy;
    }

    // The first class is bright on the left, the second on the right, the third in both halves.
    private static byte[] Arrow(int row)
    {
        return [.. Enumerable.Range(0, 400).Select(pixel => (byte)((row % 50) + (IsBright(pixel % 20 < 10) ? 200 : 0)))];

        bool IsBright(bool isLeft) => PixelPattern.ClassOf(row) == 2 || isLeft == (PixelPattern.ClassOf(row) == 0);
    }
}
