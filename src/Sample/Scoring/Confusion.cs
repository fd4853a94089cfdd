namespace ResNetMLNet.Sample.Scoring;

/// <summary>A class that was taken for another.</summary>
/// <param name="Truth">The class.</param>
/// <param name="Prediction">What it was taken for.</param>
/// <param name="Images">How often.</param>
/// <param name="Share">The share of the class's images.</param>
public sealed record Confusion(string Truth, string Prediction, long Images, double Share)
{
    /// <summary>The most classes of which a whole matrix is shown: what is larger, nobody reads.</summary>
    internal const int MostClasses = 30;

    /// <summary>How many of the most frequent ones are shown.</summary>
    internal const int MostShown = 20;

    /// <summary>The most frequent ones, the most frequent first.</summary>
    public static IReadOnlyList<Confusion> Most(Evaluation evaluation, int count) =>
    [
        .. (from truth in Enumerable.Range(0, evaluation.Classes.Count)
            from prediction in Enumerable.Range(0, evaluation.Classes.Count)
            let images = evaluation.Confusion[truth][prediction]
            where truth != prediction && images > 0
            orderby images descending
            select (truth, prediction, images))
        .Take(count)
        .Select(each => new Confusion(
            evaluation.Classes[each.truth],
            evaluation.Classes[each.prediction],
            each.images,
            (double)each.images / evaluation.Confusion[each.truth].Sum())),
    ];
}
