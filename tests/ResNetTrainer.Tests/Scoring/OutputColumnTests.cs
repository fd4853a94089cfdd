using Microsoft.ML;
using ResNetMLNet.Scoring;

namespace ResNetMLNet.Tests.Scoring;

/// <summary>The predicted label for scores that networks seldom put out.</summary>
[TestClass]
public class OutputColumnTests
{
    [TestMethod]
    [DataRow(new[] { 0.2f, 0.5f, 0.3f }, null, 2u)]
    [DataRow(new[] { 0.4f, 0.4f, 0.2f }, null, 1u, DisplayName = "the first of equals")]
    [DataRow(new[] { 0.2f, 0.5f, 0.3f }, 0.5f, 2u)]
    [DataRow(new[] { 0.2f, 0.5f, 0.3f }, 0.51f, 0u)]
    [DataRow(new[] { float.NaN, float.NaN, float.NaN }, null, 0u, DisplayName = "no number, no class")]
    [DataRow(new[] { float.NaN, float.NaN, float.NaN }, 0.1f, 0u)]
    public void It_is_the_largest_score_or_missing(float[] scores, float? least, uint expected)
    {
        var column = new LargestOutput("PredictedLabel", scores.Length, least, Annotations: null);
        uint key = 9;
        ((ValueGetter<uint>)column.CreateGetter(new Row(scores)))(ref key);

        Assert.AreEqual(expected, key);
    }

    private sealed class Row(float[] scores) : IComputedRow
    {
        public ReadOnlySpan<float> Values => scores;

        public ReadOnlySpan<float> Image => [];
    }
}
