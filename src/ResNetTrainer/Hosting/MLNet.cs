using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace ResNetMLNet.Hosting;

/// <summary>What ML.NET has and keeps internal, under one roof: errors, logging, environment, row access.</summary>
internal static class MLNet
{
    private const string TestedVersion = "5.0.1";

    /// <summary>An InvalidOperationException as ML.NET throws it.</summary>
    public static Exception Error(this IExceptionContext context, string message) => context.Except(message);

    /// <inheritdoc cref="Error(IExceptionContext, string)"/>
    public static Exception Error(this IExceptionContext context, Exception inner, string message) => context.Except(inner, message);

    /// <summary>An ArgumentOutOfRangeException for a column that is missing.</summary>
    public static Exception MissingColumn(this IExceptionContext context, string role, string name) =>
        context.ExceptSchemaMismatch("inputSchema", role, name);

    /// <summary>An ArgumentOutOfRangeException for a column of the wrong type.</summary>
    public static Exception MistypedColumn(this IExceptionContext context, string role, string name, string expected, string? actual) =>
        context.ExceptSchemaMismatch("inputSchema", role, name, expected, actual);

    /// <inheritdoc cref="MistypedColumn(IExceptionContext, string, string, string, string)"/>
    public static Exception MistypedColumn(this IExceptionContext context, string role, SchemaShape.Column column, string expected) =>
        context.MistypedColumn(role, column.Name, expected, column.GetTypeString());

    /// <summary>Throws if the context's execution was cancelled.</summary>
    public static void ThrowIfCancelled(this IHost host) => host.CheckAlive();

    /// <summary>Writes to mlContext.Log.</summary>
    public static void Log(this IChannel channel, string message) => channel.Info(MessageSensitivity.None, "{0}", message);

    /// <summary>Writes a warning to mlContext.Log.</summary>
    public static void Warn(this IChannel channel, string message) => channel.Warning(MessageSensitivity.None, "{0}", message);

    public static IHostEnvironment EnvironmentOf(MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog) =>
        Checked(catalog);

    public static IHostEnvironment EnvironmentOf(DataOperationsCatalog catalog) => Checked(catalog);

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
                $"This version of ResNetMLNet works with Microsoft.ML {TestedVersion}, but the application has {version}. Reference Microsoft.ML {TestedVersion}, "
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
