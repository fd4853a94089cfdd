using System.Reflection;
using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace ResNetMLNet.MLNet;

/// <summary>What ML.NET has and keeps internal: the environment behind a catalog, schema shapes, row access.</summary>
internal static class Internals
{
    private const string TestedVersion = "5.0.1";

    public static IHostEnvironment EnvironmentOf(MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog) =>
        Checked(catalog);

    public static IHostEnvironment EnvironmentOf(DataOperationsCatalog catalog) => Checked(catalog);

    public static IHostEnvironment EnvironmentOf(MulticlassClassificationCatalog catalog) => Checked(catalog);

    public static IHostEnvironment EnvironmentOf(TransformsCatalog catalog) => Checked(catalog);

    /// <summary>
    /// What is internal may change with any version of ML.NET, and would fail with a MissingMethodException in some odd place: so other
    /// versions than the one that the tests have passed with are refused at the door.
    /// </summary>
    public static void CheckVersion(IExceptionContext context)
    {
        var version = typeof(MLContext).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        if (version is not null && version != TestedVersion && !version.StartsWith($"{TestedVersion}+", StringComparison.Ordinal))
        {
            throw context.Error(
                $"This version of ResNetMLNet works with Microsoft.ML {TestedVersion}, but the application has {version}. "
                + $"Reference Microsoft.ML {TestedVersion}, "
                + "or the version of ResNetMLNet that was made for yours.");
        }
    }

    /// <summary>The seed of the context; null where it was made without one.</summary>
    public static int? SeedOf(IHostEnvironment environment) => ((IHostEnvironmentInternal)environment).Seed;

    public static int? GpuOf(IHostEnvironment environment) => ((IHostEnvironmentInternal)environment).GpuDeviceId;

    public static bool FallsBackToCpu(IHostEnvironment environment) => ((IHostEnvironmentInternal)environment).FallbackToCpu;

    /// <summary>Splits data as TrainTestSplit does.</summary>
    public static (IDataView Train, IDataView Test) Split(IHostEnvironment environment, IDataView data, double testFraction, int seed)
    {
        var split = new DataOperationsCatalog(environment).TrainTestSplit(data, testFraction, samplingKeyColumnName: null, seed);
        return (split.TrainSet, split.TestSet);
    }

    /// <summary>A chain of other steps, each of which is for what its predecessor in a chain was for.</summary>
    public static ITransformer CreateChain(ITransformer before, ITransformer[] steps) => before is ITransformerChainAccessor chain
        ? new TransformerChain<ITransformer>(steps, chain.Scopes)
        : new TransformerChain<ITransformer>(steps);

    /// <summary>Two parts of data as TrainTestSplit gives them.</summary>
    public static DataOperationsCatalog.TrainTestData CreateSplit(IDataView train, IDataView test) => new(train, test);

    /// <summary>The values of a column of one value per row as text, of whatever type they are; a missing one is empty or "?".</summary>
    public static ValueGetter<StringBuilder> TextGetter(DataViewRow row, DataViewSchema.Column column) =>
        RowCursorUtils.GetGetterAsStringBuilder(row, column.Index);

    /// <summary>A trainer that wants no normalised features, no calibration and no caching (it caches pixels itself).</summary>
    public static TrainerInfo CreateTrainerInfo() => new(normalization: false, calibration: false, caching: false, supportValid: true);

    /// <summary>The raw value of a key column: 0 for a missing one, else from 1.</summary>
    public static ValueGetter<ulong> KeyGetter(DataViewRow row, DataViewSchema.Column column) =>
        RowCursorUtils.GetGetterAs<ulong>(NumberDataViewType.UInt64, row, column.Index);

    public static bool TryFind(this SchemaShape schema, string name, out SchemaShape.Column column) =>
        schema.TryFindColumn(name, out column);

    public static SchemaShape.Column CreateColumn(
        string name, SchemaShape.Column.VectorKind kind, DataViewType itemType, bool isKey, SchemaShape? annotations = null) =>
        new(name, kind, itemType, isKey, annotations);

    public static SchemaShape ShapeOf(DataViewSchema schema) => SchemaShape.Create(schema);

    private static IHostEnvironment Checked(IInternalCatalog catalog)
    {
        var environment = catalog.GetEnvironment();
        CheckVersion(environment);
        return environment;
    }
}
