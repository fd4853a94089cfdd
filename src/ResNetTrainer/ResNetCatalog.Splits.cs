using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Data.Splitting;
using ResNetMLNet.MLNet;

namespace ResNetMLNet;

public static partial class ResNetCatalog
{
    /// <summary>
    /// Splits data into rows to train on and rows to test on, with the same share of each class in both: what
    /// <see cref="DataOperationsCatalog.TrainTestSplit"/> gives by chance alone, which of few rows may leave a class out of the test, or
    /// out of the training. (Its <c>samplingKeyColumnName</c> does something else: all rows with the same value stay on one side.)
    /// </summary>
    /// <remarks>
    /// The column of classes is read once, when this is called; rows are told apart by their ids. So rows that are shuffled or read in
    /// parallel stay on their side, and data that cannot be read twice in the same way cannot be split. Rows without a class are trained
    /// on, as far as a trainer takes them.
    /// </remarks>
    /// <param name="catalog">The data catalog of the context.</param>
    /// <param name="data">The rows.</param>
    /// <param name="testFraction">
    /// The share of each class to test on, in (0, 1): at least one row of each class that has two, and never all of them.
    /// </param>
    /// <param name="labelColumnName">The column of classes: a key, text, numbers.</param>
    /// <param name="seed">Draws the rows; null: the context's, or 0 where it has none.</param>
    /// <returns>Both parts, in the order of the data.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The share is not between 0 and 1.</exception>
    /// <exception cref="InvalidOperationException">There is no such column, it is a vector, or no class has two rows.</exception>
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
