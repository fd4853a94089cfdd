using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Trainers;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Fitting;
using ResNetMLNet.MLNet;

namespace ResNetMLNet;

/// <summary>Trains a residual network (He et al., 2015) to tell classes of images apart.</summary>
/// <remarks>
/// <para>
/// Input columns: the label, a key; the images, as <c>MLImage</c>, as a vector of byte or float with the dimensions (channels,
/// height, width), as a flat vector of channels x side x side values, or as encoded bytes (what <c>LoadRawImageBytes</c> gives).
/// Bytes are scaled to [0, 1]; floats are taken as they are. Rows without a label are left out.
/// </para>
/// <para>
/// Encoded images (PNG, JPEG, GIF, BMP, WebP, ICO) are seen as people see them: the way up that their EXIF orientation says, and what is
/// transparent on white. One that is cut off or damaged is refused, or left out (<see cref="Options.UnreadableImages"/>); so is one of more
/// than <see cref="Options.MaximumImagePixels"/>. Errors name the file where the data has a text column <c>ImagePath</c>. An <c>MLImage</c>
/// is seen on white, too, but it is as whatever made it decoded it: <c>LoadImages</c> does not turn images and takes halves of them. Prefer
/// <c>LoadFromImageFolder</c> or <c>LoadRawImageBytes</c>.
/// </para>
/// <para>
/// Output columns: <c>Score</c>, a vector of float with the probability of each class; <c>PredictedLabel</c>, a key with the label's
/// values.
/// </para>
/// <para>
/// Images are read once and kept in memory in their own type; files and <c>MLImage</c> that are larger than the network sees them are
/// resized as they are read. The others are resized, and all augmented and trained on, in batches on the device.
/// </para>
/// </remarks>
public sealed partial class ResNetTrainer : ITrainerEstimator<ResNetTransformer, ResNetModel>
{
    private readonly IHost _host;
    private readonly IHostEnvironment _context;
    private readonly Options _options;

    internal ResNetTrainer(IHostEnvironment environment, Options options)
    {
        _host = environment.Register(nameof(ResNetTrainer));
        _context = environment;
        options.Check(_host);

        // A copy: what the caller does with the options later must not change a trainer that has been checked.
        _options = options.Clone();
    }

    /// <summary>The trainer wants neither normalised features nor caching: it keeps pixels in memory itself.</summary>
    public TrainerInfo Info { get; } = Internals.CreateTrainerInfo();

    /// <summary>Trains a network; on the validation set of the options, if there is one, it is scored after each epoch.</summary>
    /// <param name="trainData">The training data.</param>
    /// <exception cref="ArgumentOutOfRangeException">The label or feature column is missing or of the wrong type.</exception>
    /// <exception cref="InvalidOperationException">The data cannot be trained on; the message says which row or column and why.</exception>
    /// <exception cref="UnusableImageException">An image cannot be used; the message says which and why.</exception>
    /// <exception cref="FileNotFoundException">The file of <see cref="Options.InitialWeights"/> is missing.</exception>
    /// <exception cref="DllNotFoundException">There is no libtorch for this platform among the application's files.</exception>
    /// <exception cref="TrainingDivergedException">The loss, the weights or the scores became infinite or not a number.</exception>
    /// <exception cref="OperationCanceledException">
    /// Training was cancelled, and <see cref="Options.OnCancellation"/> says to throw.
    /// </exception>
    public ResNetTransformer Fit(IDataView trainData)
    {
        ArgumentNullException.ThrowIfNull(trainData);
        return ModelFitting.Run(_host, _context, _options, trainData, _options.ValidationSet);
    }

    /// <summary>Trains a network and scores it on a validation set after each epoch.</summary>
    /// <param name="trainData">The training data.</param>
    /// <param name="validationData">The validation data, put through the steps before the trainer.</param>
    /// <inheritdoc cref="Fit(IDataView)" path="/exception"/>
    public ResNetTransformer Fit(IDataView trainData, IDataView validationData)
    {
        ArgumentNullException.ThrowIfNull(trainData);
        ArgumentNullException.ThrowIfNull(validationData);
        if (_options.ValidationSet is { } other && other != validationData)
        {
            throw _host.Error("There is a validation set in the options, and Fit is given another. Leave out one of them.");
        }

        return ModelFitting.Run(_host, _context, _options, trainData, validationData);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The label or feature column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        LabelColumn.Check(_host, inputSchema, _options.LabelColumnName);
        FeatureColumn.Check(_host, inputSchema, _options.FeatureColumnName);
        WeightColumn.Check(_host, inputSchema, _options.ExampleWeightColumnName);
        inputSchema.TryFind(_options.LabelColumnName, out var label);

        var columns = inputSchema.ToDictionary(column => column.Name);
        columns[_options.PredictedLabelColumnName] = Internals.CreateColumn(
            _options.PredictedLabelColumnName,
            SchemaShape.Column.VectorKind.Scalar,
            NumberDataViewType.UInt32,
            isKey: true,
            ScoreAnnotations.PromiseForPredictedLabel(label));
        columns[_options.ScoreColumnName] = Internals.CreateColumn(
            _options.ScoreColumnName,
            SchemaShape.Column.VectorKind.Vector,
            NumberDataViewType.Single,
            isKey: false,
            ScoreAnnotations.PromiseForScore(label));
        return new(columns.Values);
    }
}
