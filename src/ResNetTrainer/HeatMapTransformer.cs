using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Distributed;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;
using ResNetMLNet.Saving;
using ResNetMLNet.Scoring;
using ResNetMLNet.Scoring.Engines;

[assembly: LoadableClass(
    typeof(ResNetMLNet.HeatMapTransformer),
    typeof(ResNetMLNet.HeatMapTransformer),
    null,
    typeof(SignatureLoadModel),
    "Heat maps of a residual network",
    ResNetMLNet.Saving.HeatMapZip.LoaderSignature)]

namespace ResNetMLNet;

/// <summary>
/// Adds to each row what a residual network looked at in its image; made by <see cref="ResNetCatalog.ExplainImage"/>. Saved and loaded by
/// ML.NET with its own copy of the network's weights. Needs libtorch also on the CPU.
/// </summary>
/// <remarks>
/// Thread-safe. <see cref="Dispose"/> frees the native memory of the network; a transformer that is used after that takes it again.
/// </remarks>
public sealed class HeatMapTransformer : ITransformer, IDisposable
{
    private readonly IHost _host;
    private readonly IHostEnvironment _context;
    private readonly HeatMapColumns _columns;
    private readonly ComputeDevice _device;
    private readonly ScorerSource _scorers;

    internal HeatMapTransformer(
        IHostEnvironment environment,
        ResNetModel model,
        HeatMapColumns columns,
        string? className,
        ComputeDevice device,
        IHostEnvironment? context = null)
    {
        _host = environment.Register(nameof(HeatMapTransformer));
        _context = context ?? environment;
        _columns = columns;
        _device = device;
        _scorers = new(CreateScorer);
        (Model, ClassName) = (model, className);
    }

    /// <summary>The network.</summary>
    public ResNetModel Model { get; }

    /// <summary>The name of the column of heat maps.</summary>
    public string OutputColumnName => _columns.HeatMap;

    /// <summary>The name of the column of images.</summary>
    public string InputColumnName => _columns.Feature;

    /// <summary>The name of the column of images as the network sees them; null where there is none.</summary>
    public string? ImageColumnName => _columns.Image;

    /// <summary>The class that heat maps are of; null for the likeliest of each image.</summary>
    public string? ClassName { get; }

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The column of images is missing, or of a type or shape that the network does not take.
    /// </exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => Bind(inputSchema).Output;

    /// <summary>The data with heat maps, which are computed, in batches, when a cursor asks for them.</summary>
    /// <param name="input">The data.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The column of images is missing, or of a type or shape that the network does not take.
    /// </exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ScoredDataView(_host, input, Bind(input.Schema), _scorers);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The column of images is missing, or of a type or shape that the network does not take.
    /// </exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => new ScoringMapper(_host, Bind(inputSchema), _scorers);

    /// <summary>Frees the native memory of the network, as soon as no call uses it.</summary>
    public void Dispose() => _scorers.Release();

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        HeatMapZip.Save(_host, ctx, Model.Network, Model.Training, new()
        {
            HeatMapColumnName = _columns.HeatMap,
            FeatureColumnName = _columns.Feature,
            ImageColumnName = _columns.Image,
            ClassName = ClassName,
        });
    }

    // Found by ML.NET through the LoadableClass attribute above.
    private static HeatMapTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        var (network, training, header) = HeatMapZip.Load(env, ctx);
        var columns = new HeatMapColumns(header.HeatMapColumnName, header.FeatureColumnName, header.ImageColumnName);
        return new(env, new(network, training), columns, header.ClassName, ComputeDevice.Auto);
    }

    private ScoringSchema Bind(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return ScoringSchema.OfHeatMaps(_host, inputSchema, Model.Network, _columns);
    }

    private IScorer CreateScorer()
    {
        using var channel = _host.OpenChannel("Explaining");
        int? wanted = ClassName is null ? null : Model.ClassNames.ToList().IndexOf(ClassName);
        return new HeatMapScorer(Model.Network, wanted, DeviceSelector.SelectGpu(_context, channel, _device, Launcher.LocalRank));
    }
}
