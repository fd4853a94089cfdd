using System.Security.Cryptography;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.Hosting;
using ResNetMLNet.Network;
using ResNetMLNet.Scoring;
using ResNetMLNet.Training;
using ResNetMLNet.Training.Checkpoints;
using TorchSharp;

namespace ResNetMLNet;

// How a data view and options become a model: the pictures are read, the recipe is filled in, the loop is run.
public sealed partial class ResNetTrainer
{
    private ResNetTransformer Train(IDataView trainData, IDataView? validationData)
    {
        ArgumentNullException.ThrowIfNull(trainData);
        try
        {
            return TrainUnguarded(trainData, validationData);
        }
        catch (Exception e) when (OutOfMemory.Explains(e, out var request))
        {
            throw _host.Error(
                e,
                $"There is not enough memory to train: {request} Lower BatchSize or ImageSize, take a smaller Architecture, or lower MemoryBudget, the share of it that "
                + "pictures may take.");
        }
    }

    private ResNetTransformer TrainUnguarded(IDataView trainData, IDataView? validationData)
    {
        using var channel = _host.Start("Training");
        TorchRuntime.EnsureLoaded();
        var checkpoints = _options.CheckpointDirectory is { } folder
            ? CheckpointFolder.Open(_host, channel, folder, _options.CheckpointsKept, _options.Resume)
            : null;
        var seed = _options.Seed ?? MLNet.SeedOf(_host) ?? checkpoints?.Seed ?? RandomNumberGenerator.GetInt32(int.MaxValue);
        (trainData, validationData) = Split(trainData, validationData, seed);
        CheckMetrics(validationData);

        var columns = FindColumns(trainData);
        var format = FormatOf(trainData, columns.Feature);
        var device = DeviceSelector.ToDevice(DeviceSelector.SelectGpu(_host, channel, _options.Device));
        using var train = Load(trainData, columns, format, device);
        if (train.Census.Weights.Count(weight => weight > 0) < 2)
        {
            throw _host.Error(
                $"All rows that count have the same label in column '{columns.Label.Column.Name}': there is nothing to tell apart. Check the filters that the data comes from.");
        }

        using var validation = LoadValidation(validationData, columns.Label, format, device);
        var keyValues = KeyValues.Of(columns.Label.Column);
        var plan = Plan(train, seed, PrecisionSelector.Select(_options.Precision, device));
        var networkPlan = new NetworkPlan(_options.Architecture, format.Shape.Channels, columns.Label.Classes);
        using var network = CreateNetwork(channel, networkPlan, plan, format, device, keyValues, out var start);
        using var state = new TrainingState(plan, network, device);
        if (checkpoints?.TakeNewest(TrainingIdentity.Of(plan, networkPlan, format, keyValues?.Names ?? [], start, train, validation)) is { } newest)
        {
            state.Restore(newest);
        }

        channel.Log(
            $"{networkPlan.Architecture} ({networkPlan.ParameterCount:N0} parameters) on {device}, {Text(plan.Precision)}: {train.Count:N0} pictures "
            + $"of {format.Shape}{(train.IsStreamed ? ", streamed" : "")}, {plan.Epochs} epochs, batches of {plan.BatchSize}, recipe {_options.Recipe}, seed {seed}");
        using var loss = new Loss(columns.Weight is not null, Loss.WeightsOf(train.Census, plan.ClassWeights), device);
        var loop = new TrainingLoop(plan, loss, train, validation);
        var schedule = checkpoints is null ? null : new CheckpointSchedule(checkpoints, state, _options.CheckpointEpochs, _options.CheckpointMinutes);
        try
        {
            return ToTransformer(Run(channel, loop, state, schedule), state.FinalWeights);
        }
        catch (TrainingDivergedException e)
        {
            throw new TrainingDivergedException(e, state.EpochWeights is { } weights ? ToTransformer(TrainingOutcome.Diverged, weights) : null);
        }

        ResNetTransformer ToTransformer(TrainingOutcome outcome, NetworkWeights weights)
        {
            var summary = new TrainingSummary
            {
                Recipe = _options.Recipe,
                Device = device.ToString(),
                Precision = Text(plan.Precision),
                Seed = seed,
                BatchSize = plan.BatchSize,
                LearningRate = plan.LearningRate,
                Images = train.Count,
                History = state.History,
                Outcome = outcome,
                BestEpoch = state.BestEpoch,
            };
            var scoring = new ScoringOptions(
                _options.FeatureColumnName, _options.ScoreColumnName, _options.PredictedLabelColumnName, format, networkPlan.Classes, keyValues);
            var model = new ResNetModel(networkPlan, weights, format, _options.TestTimeFlip, keyValues, summary);
            return new(_host, model, columns.Feature.Column.Type, scoring, _options.Device);
        }
    }

    private TrainingOutcome Run(IChannel channel, TrainingLoop loop, TrainingState state, CheckpointSchedule? schedule)
    {
        using var heap = NativeHeap.Keep();
        try
        {
            return loop.Run(
                state,
                betweenSteps: () =>
                {
                    schedule?.AfterStep();
                    _options.CancellationToken.ThrowIfCancellationRequested();
                    _host.ThrowIfCancelled();
                },
                epochDone: () =>
                {
                    schedule?.AfterEpoch();
                    channel.Log(Text(state.History[^1]));
                    _options.EpochCallback?.Invoke(state.History[^1]);
                });
        }
        catch (OperationCanceledException) when (_options.OnCancellation == CancellationBehavior.ReturnModel)
        {
            channel.Log($"cancelled in epoch {state.Epoch + 1}, after {state.Step} steps of it; the model is as it stands");
            return TrainingOutcome.Cancelled;
        }
        finally
        {
            schedule?.AtEnd();
        }
    }

    private TrainingPlan Plan(PictureSet train, int seed, torch.ScalarType precision)
    {
        var plan = TrainingPlan.Create(
            _options.Recipe, _options.NumberOfEpochs, _options.BatchSize, _options.LearningRate, _options.Augmentation, train.Count,
            continues: _options.StartFrom is not null, seed, precision) with
        {
            FrozenStages = _options.FrozenStages,
            ClassWeights = _options.ClassWeights,
            EarlyStopping = _options.EarlyStopping,
            BestWeightsBy = _options.BestWeightsBy,
        };
        return _options.Ablation?.Invoke(plan) ?? plan;
    }

    // Fresh weights, or those of the model to start from; start is by what that can be recognised.
    private ResNet CreateNetwork(
        IChannel channel, NetworkPlan networkPlan, TrainingPlan plan, InputFormat format, torch.Device device, KeyValues? keyValues, out string? start)
    {
        var network = ResNet.Create(
            networkPlan, format.Shape.Height, format.Shape.Width, plan.Initialisation, RandomStream.Derive(plan.Seed, 0), device, plan.Precision);
        start = null;
        try
        {
            if (_options.StartFrom is { } transformer)
            {
                var model = StartingModel.Of(_host, transformer, networkPlan);
                var names = KeyValues.NamesOf(keyValues, networkPlan.Classes);
                StartingModel.LogClasses(channel, model.ClassNames, names);
                network.Import(StartingWeights.Of(model.Weights, model.ClassNames, network.Export(), names));
                start = model.Weights.Fingerprint();
            }

            if (plan.FrozenStages is { } stages)
            {
                network.Freeze(stages);
            }

            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private PictureColumns FindColumns(IDataView data) => new(
        FeatureColumn.Find(_host, data.Schema, _options.FeatureColumnName, _options.ImageChannels),
        LabelColumn.Find(_host, data.Schema, _options.LabelColumnName),
        WeightColumn.Find(_host, data.Schema, _options.ExampleWeightColumnName));

    private PictureSet Load(IDataView data, PictureColumns columns, InputFormat format, torch.Device device) => PictureSet.Load(
        _host, data, columns, format, device, MemoryBudget, recognisable: _options.CheckpointDirectory is not null, _options.CancellationToken);

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

    private (IDataView Train, IDataView? Validation) Split(IDataView train, IDataView? validation, int seed)
    {
        if (_options.ValidationFraction is not { } fraction)
        {
            return (train, validation);
        }

        if (validation is not null)
        {
            throw _host.Error("There is a validation set, and ValidationFraction asks for a part of the training data besides. Leave out one of them.");
        }

        return MLNet.Split(_host, train, fraction, seed);
    }

    private void CheckMetrics(IDataView? validation)
    {
        foreach (var (option, metric) in ((string, TrainingMetric?)[])
            [(nameof(Options.EarlyStopping), _options.EarlyStopping?.Metric), (nameof(Options.BestWeightsBy), _options.BestWeightsBy)])
        {
            if (validation is null && metric is TrainingMetric.ValidationLoss or TrainingMetric.ValidationAccuracy)
            {
                throw _host.Error(
                    $"The option {option} watches {metric}, but there is no validation set. Set ValidationSet or ValidationFraction, or let it watch TrainLoss.");
            }
        }
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

        var columns = FindColumns(data);
        if (columns.Label.Classes != trainLabel.Classes || !Same(KeyValues.Of(columns.Label.Column), KeyValues.Of(trainLabel.Column)))
        {
            throw _host.Error(
                $"The label column '{_options.LabelColumnName}' of the validation set has other classes than that of the training data. Map both with "
                + "one fitted MapValueToKey.");
        }

        return Load(data, columns, format, device);
    }

    private static bool Same(KeyValues? one, KeyValues? other) => (one?.Names ?? []).SequenceEqual(other?.Names ?? []);

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
