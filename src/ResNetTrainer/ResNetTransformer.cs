using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Fitting;
using ResNetMLNet.MLNet;
using ResNetMLNet.Saving;
using ResNetMLNet.Scoring;
using ResNetMLNet.Scoring.Engines;

[assembly: LoadableClass(
    typeof(ResNetMLNet.ResNetTransformer),
    typeof(ResNetMLNet.ResNetTransformer),
    null,
    typeof(SignatureLoadModel),
    "Residual network",
    ResNetMLNet.Saving.ModelZip.LoaderSignature)]

namespace ResNetMLNet;

/// <summary>
/// A fitted residual network as an ML.NET transformer: adds the columns <c>PredictedLabel</c> (key, with the label's values) and
/// <c>Score</c> (vector of float: the probability of each class; they sum to 1). The predicted label is missing where the greatest
/// probability is below <see cref="ResNetTrainer.Options.RejectBelow"/>.
/// </summary>
/// <remarks>
/// <para>Saved with <see cref="ModelOperationsCatalog.Save(ITransformer, DataViewSchema, string)"/> and loaded with
/// <see cref="ModelOperationsCatalog.Load(string, out DataViewSchema)"/>, with nothing to register. ML.NET cannot write a column of
/// images (<c>MLImage</c>) into a model's schema and leaves it out: save with the schema of a file name, of bytes or of
/// pixels instead, or pass null.</para>
/// <para>ML.NET's <c>ConvertToOnnx</c> writes it with its pipeline where the data itself has vectors of known size, and not behind
/// image transforms; otherwise there is
/// <see cref="ResNetModel.ExportToOnnx(string, OnnxExportOptions)"/>.</para>
/// <para>On the CPU it scores with ONNX Runtime where the application has it, on as many threads as .NET counts processors
/// (<see cref="Environment.ProcessorCount"/>). ONNX Runtime's telemetry is switched off, unless the application has made its environment
/// (<c>OrtEnv</c>) before, or the environment variable <c>ORT_DISABLE_TELEMETRY</c> is set: 0 leaves it on. (On Windows it does not read
/// that variable, and is told only when it has begun.)</para>
/// <para>Thread-safe. <see cref="Dispose"/> frees the native memory of the network; a transformer that is used after that takes
/// it again.</para>
/// </remarks>
public sealed partial class ResNetTransformer
    : ISingleFeaturePredictionTransformer<ResNetModel>, ISingleFeaturePredictionTransformer, IDisposable
{
    private readonly IHost _host;
    private readonly ScoringColumns _columns;
    private readonly ScorerSource _scorers;
    private readonly UnreadableImages _unreadable;

    internal ResNetTransformer(
        IHostEnvironment environment,
        ResNetModel model,
        DataViewType featureColumnType,
        ScoringColumns columns,
        ComputeDevice device,
        IHostEnvironment? context = null,
        UnreadableImages unreadable = UnreadableImages.Fail)
    {
        _host = environment.Register(nameof(ResNetTransformer));
        Context = context ?? environment;
        _columns = columns;
        _unreadable = unreadable;
        _scorers = new(_host, Context, model.Network, device);
        Model = model;
        Device = device;
        FeatureColumnType = featureColumnType;
    }

    /// <summary>
    /// The residual network in a model: the transformer itself, or a chain of transformers with one somewhere inside, as <see
    /// cref="ModelOperationsCatalog.Load(string, out DataViewSchema)"/> gives it.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <exception cref="InvalidOperationException">There is no residual network in it, or more than one.</exception>
    public static ResNetTransformer Find(ITransformer model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return FittedNetwork.Find(model, "The model");
    }

    /// <summary>The network.</summary>
    public ResNetModel Model { get; }

    /// <summary>The name of the column of images.</summary>
    public string FeatureColumnName => _columns.Feature;

    /// <summary>The type of that column in the training data; after loading, with the size that the network sees.</summary>
    public DataViewType FeatureColumnType { get; }

    /// <summary>The name of the column of probabilities.</summary>
    public string ScoreColumnName => _columns.Score;

    /// <summary>The name of the column of the likeliest class.</summary>
    public string PredictedLabelColumnName => _columns.PredictedLabel;

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The feature column is missing, or of a type or shape that the network does not take.
    /// </exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => Bind(inputSchema).Output;

    /// <summary>
    /// The data with scores, which are computed, in batches, when a cursor asks for them. Where the data has the label column of the
    /// training and its keys mean other classes than the model's, a warning in <c>mlContext.Log</c> says so: <c>Evaluate</c> compares
    /// keys by number.
    /// </summary>
    /// <param name="input">The data.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The feature column is missing, or of a type or shape that the network does not take.
    /// </exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var schema = Bind(input.Schema);
        WarnOfOtherClasses(input.Schema);
        return new ScoredDataView(_host, input, schema, _scorers);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The feature column is missing, or of a type or shape that the network does not take.
    /// </exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => new ScoringMapper(_host, Bind(inputSchema), _scorers);

    /// <summary>Frees the native memory of the network, as soon as no call uses it.</summary>
    public void Dispose() => _scorers.Release();

    // These two are what PermutationFeatureImportance asks for. The first interface is ML.NET's own and nothing else asks by it,
    // so that it can be refused; the second is public, and others may only want to know the name.
    string ISingleFeaturePredictionTransformer.FeatureColumnName =>
        _columns.FeatureKind == FeatureKind.Floats ? FeatureColumnName : throw _host.Error(NotPermutable);

    string ISingleFeaturePredictionTransformer<ResNetModel>.FeatureColumnName
    {
        get
        {
            if (_columns.FeatureKind != FeatureKind.Floats)
            {
                using var channel = _host.OpenChannel(nameof(FeatureColumnName));
                channel.Warn(NotPermutable);
            }

            return FeatureColumnName;
        }
    }

    /// <summary>Where it scores.</summary>
    internal ComputeDevice Device { get; }

    /// <summary>Says which GPU is meant.</summary>
    internal IHostEnvironment Context { get; }

    private string NotPermutable =>
        $"PermutationFeatureImportance permutes the values of a vector of floats, and finds none in the column '{FeatureColumnName}' of "
        + $"{FeatureColumnType}: train on floats, for instance with ExtractPixels before the trainer.";

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ModelZip.Save(_host, ctx, Model.Network, Model.Training, _columns);
    }

    // Found by ML.NET through the LoadableClass attribute above.
    private static ResNetTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        // On whatever device there is here: where the model was trained does not matter.
        var (network, training, columns) = ModelZip.Load(env, ctx);
        return new(env, new(network, training), columns.FeatureKind.ToType(network.Plan.Input), columns, ComputeDevice.Auto);
    }

    private ScoringSchema Bind(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return ScoringSchema.OfClasses(_host, inputSchema, Model.Network, _columns, _unreadable);
    }

    // No error: the scores are right, and a label of other classes may be there for another purpose.
    private void WarnOfOtherClasses(DataViewSchema data)
    {
        if (Model.Network.KeyValues is { } classes
            && data.GetColumnOrNull(_columns.Label) is { } label
            && KeyValues.Of(label) is { } labels
            && LabelNames.Difference(classes.Names, labels.Names, "the model's") is { } difference)
        {
            using var channel = _host.OpenChannel("Scoring");
            channel.Warn(
                $"The label column '{_columns.Label}' of the data to score has other classes than the model: {difference}. "
                + "ML.NET compares keys by number, so metrics of these rows will be wrong. "
                + LabelNames.Remedy("Model.ClassNames of the ResNetTransformer"));
        }
    }
}
