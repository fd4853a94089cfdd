using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Scoring;

/// <summary>Scores with the names of their classes.</summary>
[TestClass]
public sealed class TopClassesTests
{
    private static ResNetTransformer _transformer = null!;

    private static ResNetModel Model => _transformer.Model;

    [ClassInitialize]
    public static void Fit(TestContext context) =>
        _transformer = Images.Trainer(Images.Context()).Fit(Images.Labelled(12, ImageKind.GreyFloats));

    [ClassCleanup]
    public static void Dispose() => _transformer.Dispose();

    [TestMethod]
    public void They_are_the_scores_of_a_row_in_descending_order()
    {
        var scores = Snapshot.Scores(_transformer.Transform(Images.Labelled(1, ImageKind.GreyFloats)))[0];

        var top = Model.TopClasses(scores, 2);

        Assert.HasCount(2, top);
        Assert.AreEqual("daisy 93.1 %", new ClassProbability("daisy", 0.9312f).ToString());
        Assert.AreEqual(new(Model.ClassNames[Array.IndexOf(scores, scores.Max())], scores.Max()), top[0]);
        Assert.IsGreaterThanOrEqualTo(top[1].Probability, top[0].Probability);
        var all = Model.TopClasses(scores, 100);
        Assert.HasCount(scores.Length, all);
        CollectionAssert.AreEquivalent(Model.ClassNames.ToArray(), all.Select(each => each.ClassName).ToArray());
        Assert.AreEqual(1.0, all.Sum(each => each.Probability), 1e-5);
    }

    [TestMethod]
    public void Scores_of_another_model_are_an_error()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => Model.TopClasses([0.5f]));

        StringAssert.Contains(error.Message, $"There are 1 scores, and {Model.ClassNames.Count} classes");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Model.TopClasses(new float[Model.ClassNames.Count], 0));
    }
}
