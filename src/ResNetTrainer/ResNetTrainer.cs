using System.Security.Cryptography;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Trainers;
using ResNetMLNet.Data;
using ResNetMLNet.Hosting;
using ResNetMLNet.Network;
using ResNetMLNet.Scoring;
using ResNetMLNet.Training;
using TorchSharp;

namespace ResNetMLNet;

/// <summary>Trains a residual network (He et al., 2015) to tell classes of pictures apart.</summary>
/// <remarks>
/// <para>
/// Input columns: the label, a key; the pictures, as <c>MLImage</c>, as a vector of byte or float with the dimensions (channels,
/// height, width), as a flat vector of channels x side x side values, or as encoded bytes (what <c>LoadRawImageBytes</c> gives).
/// Bytes are scaled to [0, 1]; floats are taken as they are. Rows without a label are left out.
/// </para>
/// <para>
/// Output columns: <c>Score</c>, a vector of float with the probability of each class; <c>PredictedLabel</c>, a key with the label's
/// values.
/// </para>
/// <para>Pictures are read once, kept in memory in their own type, and resized, augmented and trained on in batches on the device.</para>
/// </remarks>
public sealed partial class ResNetTrainer : ITrainerEstimator<ResNetTransformer, ResNetModel>
{
    private readonly IHost _host;
    private readonly Options _options;

    internal ResNetTrainer(IHostEnvironment environment, Options options)
    {
        _host = environment.Register(nameof(ResNetTrainer));
        options.Check(_host);

        // A copy: what the caller does with the options later must not change a trainer that has been checked.
        _options = options.Clone();
    }

    /// <summary>The trainer wants neither normalised features nor caching: it keeps pixels in memory itself.</summary>
    public TrainerInfo Info { get; } = MLNet.CreateTrainerInfo();

    /// <summary>Trains a network; on the validation set of the options, if there is one, it is scored after each epoch.</summary>
    /// <param name="trainData">The training data.</param>
    /// <exception cref="ArgumentOutOfRangeException">The label or feature column is missing or of the wrong type.</exception>
    /// <exception cref="InvalidOperationException">The data cannot be trained on; the message says which row or column and why.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled.</exception>
    public ResNetTransformer Fit(IDataView trainData) => Train(trainData, _options.ValidationSet);

    /// <summary>Trains a network and scores it on a validation set after each epoch.</summary>
    /// <param name="trainData">The training data.</param>
    /// <param name="validationData">The validation data, put through the steps before the trainer.</param>
    /// <inheritdoc cref="Fit(IDataView)" path="/exception"/>
    public ResNetTransformer Fit(IDataView trainData, IDataView validationData)
    {
        ArgumentNullException.ThrowIfNull(validationData);
        return Train(trainData, validationData);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The label or feature column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        LabelColumn.Check(_host, inputSchema, _options.LabelColumnName);
        FeatureColumn.Check(_host, inputSchema, _options.FeatureColumnName);
        inputSchema.TryFind(_options.LabelColumnName, out var label);

        var columns = inputSchema.ToDictionary(column => column.Name);
        columns[_options.PredictedLabelColumnName] = MLNet.CreateColumn(
            _options.PredictedLabelColumnName,
            SchemaShape.Column.VectorKind.Scalar,
            NumberDataViewType.UInt32,
            isKey: true,
            ScoreAnnotations.PromiseForPredictedLabel(label));
        columns[_options.ScoreColumnName] = MLNet.CreateColumn(
            _options.ScoreColumnName,
            SchemaShape.Column.VectorKind.Vector,
            NumberDataViewType.Single,
            isKey: false,
            ScoreAnnotations.PromiseForScore(label));
        return new(columns.Values);
    }

    private ResNetTransformer Train(IDataView trainData, IDataView? validationData)
    {
        ArgumentNullException.ThrowIfNull(trainData);
        using var channel = _host.Start("Training");
        var label = LabelColumn.Find(_host, trainData.Schema, _options.LabelColumnName);
        var feature = FeatureColumn.Find(_host, trainData.Schema, _options.FeatureColumnName, _options.ImageChannels);
        var format = FormatOf(trainData, feature);

        TorchRuntime.EnsureLoaded();
        var device = DeviceSelector.ToDevice(DeviceSelector.SelectGpu(_host, channel, _options.Device));
        using var train = PictureSet.Load(_host, trainData, feature, label, format, device, MemoryBudget);
        if (train.ClassCounts.Count(count => count > 0) < 2)
        {
            throw _host.Error($"All rows have the same label in column '{label.Column.Name}': there is nothing to tell apart. Check the filters that the data comes from.");
        }

        using var validation = LoadValidation(validationData, label, format, device);
        var precision = PrecisionSelector.Select(_options.Precision, device);
        var seed = _options.Seed ?? MLNet.SeedOf(_host) ?? RandomNumberGenerator.GetInt32(int.MaxValue);
        var plan = TrainingPlan.Create(
            _options.Recipe, _options.NumberOfEpochs, _options.BatchSize, _options.LearningRate, _options.Augmentation, train.Count, seed, precision);
        plan = _options.Ablation?.Invoke(plan) ?? plan;
        var networkPlan = new NetworkPlan(_options.Architecture, format.Shape.Channels, label.Classes);
        channel.Log(
            $"{networkPlan.Architecture} ({networkPlan.ParameterCount:N0} parameters) on {device}, {Text(precision)}: {train.Count:N0} pictures "
            + $"of {format.Shape}{(train.IsStreamed ? ", streamed" : "")}, {plan.Epochs} epochs, batches of {plan.BatchSize}, recipe {_options.Recipe}, seed {seed}");

        using var network = ResNet.Create(
            networkPlan, format.Shape.Height, format.Shape.Width, plan.Initialisation, RandomStream.Derive(seed, 0), device, precision);
        var history = Run(channel, new(plan, network, train, validation));
        var keyValues = KeyValues.Of(label.Column);
        var summary = new TrainingSummary
        {
            Recipe = _options.Recipe,
            Device = device.ToString(),
            Precision = Text(precision),
            Seed = seed,
            BatchSize = plan.BatchSize,
            LearningRate = plan.LearningRate,
            Images = train.Count,
            History = history,
        };
        var scoring = new ScoringOptions(
            _options.FeatureColumnName, _options.ScoreColumnName, _options.PredictedLabelColumnName, format, label.Classes, keyValues);
        var model = new ResNetModel(networkPlan, network.Export(), format, _options.TestTimeFlip, keyValues, summary);
        return new(_host, model, feature.Column.Type, scoring, _options.Device);
    }

    private List<EpochMetrics> Run(IChannel channel, TrainingLoop loop)
    {
        NativeHeap.Keep();
        try
        {
            return loop.Run(
                stepDone: ThrowIfCancelled,
                epochDone: metrics =>
                {
                    channel.Log(Text(metrics));
                    _options.EpochCallback?.Invoke(metrics);
                });
        }
        catch (NotFiniteNumberException e)
        {
            throw _host.Error(e, e.Message);
        }
        finally
        {
            NativeHeap.Trim();
        }
    }

    private long MemoryBudget => _options.MemoryBudget ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;

    private InputFormat FormatOf(IDataView data, FeatureColumn feature)
    {
        var resizes = _options.ImageSize is not null;
        var shape = _options.ImageSize is { } size
            ? new ImageShape(feature.Channels, size, size)
            : feature.FindShape(_host, data) ?? throw _host.Error("The data has no rows. Check the path or the filters that it comes from.");
        var smallest = _options.Architecture.MinimumImageSize;
        if (shape.Height < smallest || shape.Width < smallest)
        {
            throw _host.Error(
                $"The pictures of column '{feature.Column.Name}' are {shape.Height}x{shape.Width} pixels as the network sees them, but it needs {smallest} a side: "
                + "the last of its stages would see a single pixel. Set ImageSize (32, say) to have them enlarged.");
        }

        return new(shape, resizes, _options.ResizeMode);
    }

    private PictureSet? LoadValidation(IDataView? data, LabelColumn trainLabel, InputFormat format, torch.Device device)
    {
        if (data is null)
        {
            return null;
        }

        foreach (var name in (string[])[_options.LabelColumnName, _options.FeatureColumnName])
        {
            if (data.Schema.GetColumnOrNull(name) is null)
            {
                throw _host.Error(
                    $"The validation set has no column '{name}'. It must have been put through the steps before the trainer: fit those on the "
                    + "training data first and give their Transform of the validation data.");
            }
        }

        var label = LabelColumn.Find(_host, data.Schema, _options.LabelColumnName);
        if (label.Classes != trainLabel.Classes || !Same(KeyValues.Of(label.Column), KeyValues.Of(trainLabel.Column)))
        {
            throw _host.Error(
                $"The label column '{_options.LabelColumnName}' of the validation set has other classes than that of the training data. Map both with "
                + "one fitted MapValueToKey.");
        }

        var feature = FeatureColumn.Find(_host, data.Schema, _options.FeatureColumnName, _options.ImageChannels);
        return PictureSet.Load(_host, data, feature, label, format, device, MemoryBudget);
    }

    private static bool Same(KeyValues? one, KeyValues? other) => (one?.Names ?? []).SequenceEqual(other?.Names ?? []);

    private void ThrowIfCancelled()
    {
        _options.CancellationToken.ThrowIfCancellationRequested();
        _host.ThrowIfCancelled();
    }

    private static string Text(torch.ScalarType precision) => precision.ToString().ToLowerInvariant();

    private static string Text(EpochMetrics metrics)
    {
        var validation = metrics.ValidationAccuracy is null
            ? ""
            : FormattableString.Invariant($", validation loss {metrics.ValidationLoss:F4}, accuracy {metrics.ValidationAccuracy:F4}");
        return FormattableString.Invariant(
            $"epoch {metrics.Epoch} of {metrics.NumberOfEpochs}: loss {metrics.TrainLoss:F4}, accuracy {metrics.TrainAccuracy:F4}{validation}, {metrics.ImagesPerSecond:F0} images/s, {metrics.Seconds:F1} s, learning rate {metrics.LearningRate:G4}");
    }
}
