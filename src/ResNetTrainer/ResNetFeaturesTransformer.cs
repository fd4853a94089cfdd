using Google.Protobuf;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Formats;
using ResNetMLNet.Saving;
using ResNetMLNet.Scoring;
using ResNetMLNet.Scoring.Engines;

[assembly: LoadableClass(
    typeof(ResNetMLNet.ResNetFeaturesTransformer),
    typeof(ResNetMLNet.ResNetFeaturesTransformer),
    null,
    typeof(SignatureLoadModel),
    "Features of a residual network",
    ResNetMLNet.Saving.FeaturesZip.LoaderSignature)]

namespace ResNetMLNet;

/// <summary>
/// Adds a column of features (vector of float) to images: what a residual network makes of each before its linear layer. Computed in
/// batches, when a cursor asks.
/// </summary>
/// <remarks>
/// <para>Saved with <see cref="ModelOperationsCatalog.Save(ITransformer, DataViewSchema, string)"/> and loaded with
/// <see cref="ModelOperationsCatalog.Load(string, out DataViewSchema)"/>, with its weights and nothing to register. Written by ML.NET's
/// <c>ConvertToOnnx</c> where the data itself has vectors of known size, and not behind image transforms; otherwise there is
/// <see cref="ExportToOnnx(string, OnnxExportOptions)"/>.</para>
/// <para>On the CPU it computes with ONNX Runtime where the application has it: see <see cref="ResNetTransformer"/>.</para>
/// <para>Thread-safe. <see cref="Dispose"/> frees the native memory of the network; a transformer that is used after that takes
/// it again.</para>
/// </remarks>
public sealed class ResNetFeaturesTransformer : ITransformer, IDisposable
{
    private readonly IHost _host;
    private readonly TrainedNetwork _network;
    private readonly FeaturesColumns _columns;
    private readonly ScorerSource _scorers;

    internal ResNetFeaturesTransformer(
        IHostEnvironment environment,
        TrainedNetwork network,
        FeaturesColumns columns,
        ComputeDevice device,
        IHostEnvironment? context = null)
    {
        _host = environment.Register(nameof(ResNetFeaturesTransformer));
        (_network, _columns) = (network, columns);
        _scorers = new(_host, context ?? environment, network, device);
    }

    /// <summary>The name of the column of images.</summary>
    public string InputColumnName => _columns.Input;

    /// <summary>The name of the column of features.</summary>
    public string OutputColumnName => _columns.Output;

    /// <summary>The network.</summary>
    public ResNetArchitecture Architecture => _network.Plan.Architecture;

    /// <summary>The number of features of an image.</summary>
    public int FeatureCount => _network.Plan.Features;

    /// <summary>The channels of the images: 1 (grey) or 3 (red, green, blue).</summary>
    public int ImageChannels => _network.Plan.Input.Channels;

    /// <summary>The height in pixels of the images that the network sees.</summary>
    public int ImageHeight => _network.Plan.Input.Height;

    /// <summary>The width in pixels of the images that the network sees.</summary>
    public int ImageWidth => _network.Plan.Input.Width;

    /// <summary>What the network does to pixels first; null: nothing.</summary>
    public PixelStatistics? PixelStatistics => _network.Plan.Statistics;

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    internal TrainedNetwork Network => _network;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The column of images is missing, or of a type or shape that the network does not take.
    /// </exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => Bind(inputSchema).Output;

    /// <summary>The data with features, which are computed, in batches, when a cursor asks for them.</summary>
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

    /// <summary>
    /// Writes the network as an ONNX model (https://onnx.ai; opset 18, IR version 8) for any runtime. An existing file is
    /// replaced, and only by a whole one.
    /// </summary>
    /// <remarks>
    /// Input: <c>pixels</c>, (batch, channels, height, width). Output: <c>features</c>, (batch, features). The batch is dynamic.
    /// </remarks>
    /// <param name="path">The file to write.</param>
    /// <param name="options">What the model takes in; null for floats of the network's size.</param>
    public void ExportToOnnx(string path, OnnxExportOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        AtomicFile.Write(path, stream => ExportToOnnx(stream, options));
    }

    /// <inheritdoc cref="ExportToOnnx(string, OnnxExportOptions)"/>
    /// <param name="stream">The stream to write to; it is left open.</param>
    /// <param name="options">What the model takes in; null for floats of the network's size.</param>
    public void ExportToOnnx(Stream stream, OnnxExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        OnnxModel.Create(_network, options ?? new()).WriteTo(stream);
    }

    /// <summary>Frees the native memory of the network, as soon as no call uses it.</summary>
    public void Dispose() => _scorers.Release();

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        FeaturesZip.Save(_host, ctx, _network, _columns);
    }

    // Found by ML.NET through the LoadableClass attribute above. On whatever device there is here.
    private static ResNetFeaturesTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        var (network, columns) = FeaturesZip.Load(env, ctx);
        return new(env, network, columns, ComputeDevice.Auto);
    }

    private ScoringSchema Bind(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return ScoringSchema.OfFeatures(_host, inputSchema, _network, _columns);
    }
}
