using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Data.Splitting;
using ResNetMLNet.MLNet;

namespace ResNetMLNet;

public static partial class ResNetCatalog
{
    /// <summary>
    /// Splits data into rows to train on and rows to test on, with the same share of each class in both.
    /// <see cref="DataOperationsCatalog.TrainTestSplit"/> draws without looking at classes: of few rows, one may be missing on one side.
    /// (Its <c>samplingKeyColumnName</c> does something else: all rows with the same value stay together.)
    /// </summary>
    /// <remarks>
    /// The column of classes is read once, when this is called. Rows are told apart by their ids: those that are shuffled or read in
    /// parallel afterwards stay on their side. The data must give the same rows in the same order each time it is read (a query of a
    /// database says by what it is ordered): else the two parts mix, and nobody can notice. Rows without a class are in the part to train
    /// on.
    /// </remarks>
    /// <param name="catalog">The data catalog of the context.</param>
    /// <param name="data">The rows.</param>
    /// <param name="testFraction">
    /// The share of each class to test on, in (0, 1): at least one row of each class that has two, and never all of them.
    /// </param>
    /// <param name="labelColumnName">The column of classes: a key, text, numbers.</param>
    /// <param name="seed">Draws the rows; null: the context's, or 0 where it has none.</param>
    /// <returns>Both parts, in the order of the data.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The share is not between 0 and 1, there is no such column, or it is a vector.
    /// </exception>
    /// <exception cref="InvalidOperationException">No class has two rows, or two rows have the same id.</exception>
    public static DataOperationsCatalog.TrainTestData TrainTestSplitByClass(
        this DataOperationsCatalog catalog,
        IDataView data,
        double testFraction = 0.1,
        string labelColumnName = DefaultColumnNames.Label,
        int? seed = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentException.ThrowIfNullOrWhiteSpace(labelColumnName);
        if (testFraction is not (> 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(testFraction), testFraction, "It must be between 0 and 1, without them.");
        }

        var environment = Internals.EnvironmentOf(catalog);
        var (train, test) = ClassSplit.Of(
            environment, data, testFraction, labelColumnName, seed ?? Internals.SeedOf(environment) ?? 0);
        return Internals.CreateSplit(train, test);
    }
}
