using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Decoding;
using ResNetMLNet.Fitting;
using ResNetMLNet.Formats;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;
using ResNetMLNet.Network.Importing;
using ResNetMLNet.Scoring;

namespace ResNetMLNet;

/// <summary>
/// Makes features of images with a trained residual network, for any of ML.NET's trainers: what its linear layer sees, 512 numbers for
/// ResNet-18 and 34, 2048 for the deeper ones.
/// </summary>
/// <remarks>
/// <para>
/// Input column: the images, of the types that <see cref="ResNetTrainer"/> takes. Output column: a vector of float. Nothing is trained;
/// <c>Fit</c> reads the weights and looks at the schema alone.
/// </para>
/// <para>
/// Encoded images are seen as people see them: see <see cref="ResNetTrainer"/>. One that cannot be read is an error, since each row has
/// features.
/// </para>
/// </remarks>
public sealed partial class ResNetFeaturesEstimator : IEstimator<ResNetFeaturesTransformer>
{
    // What published weights were trained on.
    private const int DefaultImageSize = 224;

    private readonly IHost _host;
    private readonly IHostEnvironment _context;
    private readonly Options _options;
    private readonly ResNetModel? _model;

    internal ResNetFeaturesEstimator(IHostEnvironment environment, Options options)
    {
        _host = environment.Register(nameof(ResNetFeaturesEstimator));
        _context = environment;
        options.Check(_host);

        // A copy: what the caller does with the options later must not change an estimator that has been checked.
        _options = options.Clone();
        _model = options.Model is { } model ? FittedNetwork.Find(model, "The option Model").Model : null;
        var channels = options.ImageChannels;
        _host.Require(
            channels is null || _model is null || channels == _model.ImageChannels, nameof(Options.ImageChannels), channels,
            $"{_model?.ImageChannels}, as the model was trained");
    }

    private FeaturesColumns Columns => new(_options.InputColumnName ?? _options.OutputColumnName, _options.OutputColumnName);

    /// <summary>Reads the weights and makes them fit the images of a schema; no row is read.</summary>
    /// <param name="input">The data.</param>
    /// <exception cref="ArgumentOutOfRangeException">The column of images is missing or of the wrong type.</exception>
    /// <exception cref="FileNotFoundException">There is no file of weights.</exception>
    /// <exception cref="InvalidOperationException">The weights are none of a ResNet, or the column's images are none.</exception>
    public ResNetFeaturesTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var network = _model is not null ? Of(_model) : Of(_options.Weights!, input.Schema);
        var transformer = new ResNetFeaturesTransformer(_host, network, Columns, _options.Device, _context);

        // What cannot be transformed is refused now.
        transformer.GetOutputSchema(input.Schema);
        return transformer;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The column of images is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        FeatureColumn.Check(_host, inputSchema, Columns.Input);
        var columns = inputSchema.ToDictionary(column => column.Name);
        columns[Columns.Output] = Internals.CreateColumn(
            Columns.Output, SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, isKey: false);
        return new(columns.Values);
    }

    private TrainedNetwork Of(ResNetModel model)
    {
        var (whole, size) = (model.Network, _options.ImageSize);
        var shape = size is { } side ? whole.Format.Shape with { Height = side, Width = side } : whole.Format.Shape;
        var format = whole.Format with
        {
            Shape = shape,
            Resizes = whole.Format.Resizes || size is not null || _options.ResizeMode is not null,
            ResizeMode = _options.ResizeMode ?? whole.Format.ResizeMode,
            MaximumPixels = _options.MaximumImagePixels ?? whole.Format.MaximumPixels,
        };
        var plan = Plan(model.Architecture, shape, model.PixelStatistics);
        return Of(plan, WeightImport.Fit(whole.Weights, plan, new()), format, whole.Pixels);
    }

    private TrainedNetwork Of(InitialWeights weights, DataViewSchema schema)
    {
        var file = StartingFile.Read(_host, weights, nameof(Options.Weights));
        var maximumPixels = _options.MaximumImagePixels ?? EncodedImage.DefaultMaximumPixels;
        var channels = FeatureColumn
            .Find(_host, schema, Columns.Input, _options.ImageChannels ?? file.Channels, maximumPixels).Channels;
        var side = _options.ImageSize ?? DefaultImageSize;
        var format = new InputFormat(new(channels, side, side), Resizes: true, _options.ResizeMode ?? ResizeMode.Stretch)
        {
            MaximumPixels = maximumPixels,
        };
        var plan = Plan(file.Architecture, format.Shape, file.Statistics);
        return Of(plan, file.Fit(_host, plan, new()), format, file.Pixels ?? PixelRange.Of(plan.Statistics));
    }

    private NetworkPlan Plan(ResNetArchitecture architecture, ImageShape shape, PixelStatistics? statistics) =>
        NetworkLimits.ProblemOf(architecture, shape, classes: null) is { } problem
            ? throw _host.Error($"There can be no such network: {problem}. Set ImageSize to what is possible.")
            : new(architecture, shape, classes: null) { Statistics = statistics?.For(shape) };

    private static TrainedNetwork Of(NetworkPlan plan, NamedTensors weights, InputFormat format, PixelRange? pixels) =>
        new(plan, weights, format, TestTimeAugmentation.None, KeyValues: null) { Pixels = pixels };
}
