namespace ResNetMLNet.Sample.Scoring;

/// <summary>How well one class is told from the others.</summary>
/// <param name="Name">The class.</param>
/// <param name="Images">The images of the class.</param>
/// <param name="Precision">The share of those taken for the class that are of it; null where none was.</param>
/// <param name="Recall">The share of the class's images that were taken for it; null where there is none.</param>
/// <param name="F1">The harmonic mean of the two; null where the class has no image and none was taken for it.</param>
public sealed record ClassFigures(string Name, long Images, double? Precision, double? Recall, double? F1)
{
    public static IReadOnlyList<ClassFigures> Of(Evaluation evaluation) =>
        [.. evaluation.Classes.Select((name, index) => Of(name, index, evaluation.Confusion))];

    /// <summary>The mean of F1 over the classes that have one; null where none has.</summary>
    public static double? MeanF1(IReadOnlyList<ClassFigures> classes) => classes.Average(each => each.F1);

    private static ClassFigures Of(string name, int index, long[][] confusion)
    {
        var right = confusion[index][index];
        var images = confusion[index].Sum();
        var predicted = confusion.Sum(row => row[index]);
        return new(name, images, Share(right, predicted), Share(right, images), Share(2 * right, images + predicted));
    }

    private static double? Share(long part, long whole) => whole == 0 ? null : (double)part / whole;
}
