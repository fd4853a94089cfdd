using System.Security.Cryptography;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Distributed;
using ResNetMLNet.Formats;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Scoring;
using ResNetMLNet.Training;
using ResNetMLNet.Training.Checkpoints;
using TorchSharp;

namespace ResNetMLNet;

// How a data view and options become a model: data is opened, the recipe filled in, the network built or continued, the loop run.
public sealed partial class ResNetTrainer
{
    private ResNetTransformer Train(IDataView trainData, IDataView? validationData)
    {
        ArgumentNullException.ThrowIfNull(trainData);
        try
        {
            return TrainTogether(trainData, validationData);
        }
        catch (Exception e) when (OutOfMemory.Explains(e, out var request))
        {
            throw _host.Error(
                e,
                $"There is not enough memory to train: {request} Lower BatchSize or ImageSize, take a smaller Architecture, or "
                + "lower MemoryBudget, the share of it that images may take.");
        }
    }

    private ResNetTransformer TrainTogether(IDataView trainData, IDataView? validationData)
    {
        var group = _options.Distributed == DistributedTraining.Off ? ProcessGroup.Alone : new(Launcher.Join());
        try
        {
            return TrainUnguarded(trainData, validationData, group);
        }
        catch (Exception e) when (!group.IsAlone && !FailsEverywhere(e))
        {
            group.Abort(e);
            throw;
        }
    }

    private ResNetTransformer TrainUnguarded(IDataView trainData, IDataView? validationData, ProcessGroup group)
    {
        using var channel = _host.OpenChannel("Training");
        TorchRuntime.EnsureLoaded();

        // The caller may use libtorch too: its scopes own nothing of a training, and what it has switched off is on.
        using var scope = torch.NewDisposeScope();
        using var gradients = torch.enable_grad();
        var processesHere = Launcher.ProcessesHere(group);
        using var threads = NativeThreads.Use(_options.Threads ?? Launcher.ThreadsEach(processesHere));
        using var team = NativeTeam.Start();
        using var checkpoints = group.Together(() =>
            _options.Checkpoints is { } where && group.IsFirst ? CheckpointFolder.Open(_host, channel, where) : null);
        var begun = BegunPlan.Of(checkpoints, group);
        var first = group.OfFirst(Internals.SeedOf(_host) ?? begun.Seed ?? RandomNumberGenerator.GetInt32(int.MaxValue));
        var seed = _options.Seed ?? first;
        var device = group.Together(() => DeviceSelector.ToDevice(DeviceSelector.SelectGpu(
            _context, channel, _options.Device, group.IsAlone ? 0 : Launcher.PlaceHere)));
        using var tf32 = Tf32.Allow(device, _options.Precision != ComputePrecision.Float32);
        var (start, file) = group.Together(() => (
            StartingModel.Of(_host, _options),
            _options.InitialWeights is { } wanted ? StartingFile.Read(_host, wanted) : null));

        // What was begun before there was Muon goes on without it, and with the network that was the default then.
        var architecture = _options.Architecture ?? start?.Architecture ?? file?.Architecture
            ?? (begun.IsOlderThanMuon ? ResNetArchitecture.BookResNet18 : null);

        // For all processes as on the machine of the first: the window is part of the data.
        var setting = new TrainingSetting(architecture, device, seed, group, group.OfFirst(processesHere));
        using var data = group.Together(() => TrainingData.Open(_host, _options, (trainData, validationData), setting));
        file = file?.For(data.ClassNames);
        var plan = Plan(new()
        {
            Recipe = _options.Recipe,
            Start = StartingModel.KindOf(_host, _options),
            Epochs = begun.Epochs,
            Augmentation = begun.Augmentation,
            Images = data.Train.Count,
            SmallImages = ResNetArchitecture.IsSmall(data.Format.Shape.LongerSide),
            Processes = group.Size,
            Stages = data.Architecture.Stages,
            IsOlderThanMuon = begun.IsOlderThanMuon,
            IsOlderThanClipping = begun.IsOlderThanClipping,
            Seed = seed,
            Precision = PrecisionSelector.Select(_options.Precision, device),
        });
        using var network = group.Together(() => CreateNetwork(
            NetworkOf(data, start, file), plan, device, fresh => WeightsToStartFrom(channel, start, file, fresh, data)));
        var networkPlan = network.Plan;
        using var state = new TrainingState(plan, network, device);
        var identity = new TrainingIdentity
        {
            Plan = plan,
            Network = networkPlan,
            Format = data.Format,
            Classes = data.KeyValues?.Names ?? [],
            Start = start?.Network.Weights.Fingerprint() ?? file?.Fingerprint(networkPlan.Statistics),
            Train = data.Train,
            Validation = data.Validation,
            Processes = group.Size,
            SynchronizedNormalization = _options.SynchronizedNormalization,
            Compression = _options.GradientCompression,
        }.ToWords();
        network.NormalisesWith = _options.SynchronizedNormalization && !group.IsAlone ? group : null;

        // These two are not part of a training, but of what its processes do together.
        Meeting.Agree(group, new(identity)
        {
            [nameof(Options.Calibrate)] = $"{_options.Calibrate}",
            [nameof(Options.OnCancellation)] = $"{_options.OnCancellation}",
        });
        group.Together(() => checkpoints?.Restore(state, identity, plan.StepsPerEpoch(data.Train.Count)));
        Meeting.BeginAsFirst(group, state);
        channel.Log(
            $"{networkPlan.Architecture} ({networkPlan.ParameterCount:N0} parameters) on {device}, {Text(plan.Precision)}: "
            + $"{data.Train.Count:N0} images of {data.Format.Shape}{(data.Train.IsStreamed ? ", streamed" : "")}, {plan.Epochs} epochs, "
            + $"batches of {plan.BatchSize}, recipe {_options.Recipe}, seed {seed}");
        if (device.type == DeviceType.CPU && WholeBlocks.AreNeeded)
        {
            channel.Log("libtorch computes some convolutions wrongly on this machine; where it would, channels of zeros are added");
        }

        using var run = new TrainingRun(this, channel, data, state, group) { HeadIsTrained = file?.HasHead(networkPlan) == true };
        try
        {
            var outcome = run.Run(checkpoints);
            var weights = state.FinalWeights;
            var calibration = _options.Calibrate && outcome != TrainingOutcome.Cancelled ? run.Calibrate(weights) : null;
            return ToTransformer(data, state, outcome, weights, calibration);
        }
        catch (DivergenceException e)
        {
            var weights = state.EpochWeights;
            throw new TrainingDivergedException(e, weights is null ? null : ToTransformer(data, state, TrainingOutcome.Diverged, weights));
        }
    }

    // Where one process fails alone, as by what a callback throws, the others would wait for it.
    private static bool FailsEverywhere(Exception e) => e is TrainingDivergedException || ProcessGroup.IsOfAll(e);

    private TrainingPlan Plan(RecipeRequest request)
    {
        var plan = TrainingPlan.Create(request with
        {
            Epochs = _options.NumberOfEpochs ?? request.Epochs,
            BatchSize = _options.BatchSize,
            LearningRate = _options.LearningRate,
            LabelSmoothing = _options.LabelSmoothing,
            BodyLearningRateMultiplier = _options.BodyLearningRateMultiplier,
            Augmentation = _options.Augmentation ?? request.Augmentation,
            SmallestCrop = _options.SmallestCrop,
            FrozenStages = _options.FrozenStages,
        }) with
        {
            ClassWeights = _options.ClassWeights,
            EarlyStopping = _options.EarlyStopping,
            BestWeightsBy = _options.BestWeightsBy,
        };
        return _options.Ablation?.Invoke(plan) ?? plan;
    }

    private ResNetTransformer ToTransformer(
        TrainingData data, TrainingState state, TrainingOutcome outcome, NamedTensors weights, TemperatureScaling? calibration = null)
    {
        var summary = new TrainingSummary
        {
            Recipe = _options.Recipe,
            Device = data.Train.Device.ToString(),
            Precision = Text(state.Plan.Precision),
            Seed = state.Plan.Seed,
            BatchSize = state.Plan.BatchSize,
            LearningRate = state.Plan.LearningRate,
            Images = data.Train.Count,
            History = state.History,
            Outcome = outcome,
            BestEpoch = outcome == TrainingOutcome.Diverged ? null : state.BestEpoch,
            FromInitialWeights = StartingModel.KindOf(_host, _options) is TrainingStart.Weights or TrainingStart.TunedModel,
            Calibration = calibration,
        };
        var plan = state.Network.Plan;
        weights = calibration is null ? weights : Calibration.Divide(weights, plan.Head!, calibration.Temperature);
        var type = data.Columns.Feature.Column.Type;
        var network = new TrainedNetwork(plan, weights, data.Format, _options.TestTimeAugmentation, data.KeyValues)
        {
            LargestPixel = data.LargestPixel,
            RejectBelow = _options.RejectBelow,
        };
        var columns = new ScoringColumns(
            _options.FeatureColumnName, _options.ScoreColumnName, _options.PredictedLabelColumnName, _options.LabelColumnName)
        {
            FeatureKind = FeatureKinds.Of(type),
        };
        return new(_host, new(network, summary), type, columns, _options.Device, _context);
    }

    private static string Text(torch.ScalarType precision) => precision.ToString().ToLowerInvariant();
}
