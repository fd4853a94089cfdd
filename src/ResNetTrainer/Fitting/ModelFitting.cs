using System.Security.Cryptography;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Distributed;
using ResNetMLNet.Formats;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;
using ResNetMLNet.Network.Convolutions;
using ResNetMLNet.Scoring;
using ResNetMLNet.Training;
using ResNetMLNet.Training.Checkpoints;
using TorchSharp;

namespace ResNetMLNet.Fitting;

/// <summary>
/// How a data view and options become a model: data is opened, the recipe filled in, the network made, training run from its beginning or
/// from a checkpoint.
/// </summary>
/// <param name="host">The trainer.</param>
/// <param name="context">What it was made in, which says which GPU is meant.</param>
/// <param name="options">What is asked for.</param>
/// <param name="group">The processes that train together.</param>
internal sealed class ModelFitting(IHost host, IHostEnvironment context, ResNetTrainer.Options options, ProcessGroup group)
{
    // How many trainings of this process have others to speak with: one or none.
    private static int _together;

    /// <inheritdoc cref="ResNetTrainer.Fit(IDataView)" path="/exception"/>
    public static ResNetTransformer Run(
        IHost host, IHostEnvironment context, ResNetTrainer.Options options, IDataView trainData, IDataView? validationData)
    {
        var group = options.Distributed == DistributedTraining.Off ? ProcessGroup.Alone : new(Launcher.Join());
        if (!group.IsAlone && Interlocked.Exchange(ref _together, 1) == 1)
        {
            throw host.Error(
                "Another Fit of this process is training together with other processes, whose messages would get mixed up with this one's: "
                + "wait for its end, or set Distributed = DistributedTraining.Off in one of them.");
        }

        try
        {
            return new ModelFitting(host, context, options, group).Run(trainData, validationData);
        }
        catch (Exception e)
        {
            var explained = OutOfMemory.Explains(e, out var request)
                ? host.Error(
                    e,
                    $"There is not enough memory to train: {request} Lower BatchSize or ImageSize, take a smaller Architecture, or "
                    + "lower MemoryBudget, the share of it that images may take.")
                : null;

            // Where one process fails alone, as by what a callback throws, the others would wait for it.
            if (!group.IsAlone && e is not TrainingDivergedException && !ProcessGroup.IsOfAll(e))
            {
                group.Abort(explained ?? e.GetBaseException());
            }

            if (explained is not null)
            {
                throw explained;
            }

            throw;
        }
        finally
        {
            if (!group.IsAlone)
            {
                Volatile.Write(ref _together, 0);
            }
        }
    }

    private ResNetTransformer Run(IDataView trainData, IDataView? validationData)
    {
        using var channel = host.OpenChannel("Training");
        if (options.Distributed != DistributedTraining.Off && Launcher.Problem is { } problem)
        {
            channel.Warn(problem);
        }

        TorchRuntime.EnsureLoaded();

        // The caller may use libtorch too: its scopes own nothing of a training, and what it has switched off is on.
        using var scope = torch.NewDisposeScope();
        using var gradients = torch.enable_grad();
        var processesHere = Launcher.ProcessesHere(group);
        var usual = Launcher.ThreadsEach(group);
        using var threads = NativeThreads.Use(options.Threads ?? usual);
        using var team = NativeTeam.Start();
        group.Together(CheckNumberOfProcesses);
        using var checkpoints = group.Together(() =>
            options.Checkpoints is { } where && group.IsFirst ? CheckpointFolder.Open(host, channel, where) : null);
        var begun = BegunPlan.Of(checkpoints, group);
        var first = group.Broadcast(Internals.SeedOf(host) ?? begun.Seed ?? RandomNumberGenerator.GetInt32(int.MaxValue));
        var seed = options.Seed ?? first;
        var device = group.Together(() => DeviceSelector.ToDevice(DeviceSelector.SelectGpu(
            context, channel, options.Device, group.IsAlone ? 0 : Launcher.LocalRank)));
        using var tf32 = Tf32.Allow(device, options.Precision != ComputePrecision.Float32);
        var start = group.Together(() => StartingPoint.Of(host, options));

        // What was begun before there was Muon goes on with the network that was the default then.
        var architecture = options.Architecture ?? start.Architecture
            ?? (begun.Age == RecipeAge.BeforeMuon ? ResNetArchitecture.BookResNet18 : null);

        // For all processes as on the machine that has most of them: the window is part of the data.
        var setting = new TrainingSetting(architecture, device, seed, group, group.Greatest(processesHere))
        {
            FormatOfStart = start.Format,
        };
        using var data = group.Together(() => TrainingData.Open(host, options, (trainData, validationData), setting));
        start = start.For(data.ClassNames);
        var plan = group.Together(() => PlanOfOptions.Make(channel, options, data, start, begun, setting));
        using var network = group.Together(() => start.CreateNetwork(host, channel, plan, data));
        using var pruning = DataPruning.Of(plan, data.Train);
        using var state = new TrainingState(plan, network, device) { Pruning = pruning };
        var identity = IdentityOf(state, data, start);
        network.NormalisesWith = options.SynchronizedNormalization && !group.IsAlone ? group : null;

        group.Together(() => CheckImagesOfEach(state));

        // These are not part of a training, but of what its processes do together.
        Meeting.Agree(group, new(identity)
        {
            [nameof(options.Calibrate)] = $"{options.Calibrate}",
            [nameof(options.OnCancellation)] = $"{options.OnCancellation}",
            [nameof(options.ExampleWeightColumnName)] = options.ExampleWeightColumnName ?? "none",
        });
        group.Together(() => checkpoints?.Restore(state, identity, plan.StepsPerEpoch(data.Train.Count)));
        Meeting.BeginAsFirst(group, state);
        LogBeginning(channel, state, data);

        using var run = new TrainingRun(host, channel, options, data, state, group) { HeadIsTrained = start.HasHead(network.Plan) };
        try
        {
            var outcome = run.Run(checkpoints);
            var weights = state.FinalWeights;
            var calibration = options.Calibrate && outcome != TrainingOutcome.Cancelled ? run.Calibrate(weights) : null;

            // None goes on, and saves, before all have their model.
            return group.Together(() => ToTransformer(data, state, start, outcome, weights, calibration));
        }
        catch (DivergenceException e)
        {
            var weights = state.EpochWeights;
            throw new TrainingDivergedException(
                e, weights is null ? null : ToTransformer(data, state, start, TrainingOutcome.Diverged, weights));
        }
    }

    // What only the number of processes tells, before anything is read.
    private void CheckNumberOfProcesses()
    {
        if (!group.IsAlone && options.DataPruning > 0)
        {
            throw host.Error(
                $"The option DataPruning is {options.DataPruning}: it must be null or 0 where several processes train together.");
        }
    }

    // A step without two images in a process that normalises for itself is left out, there or everywhere.
    private void CheckImagesOfEach(TrainingState state)
    {
        var normalises = state.Network is { SeesBatches: true, NormalisesWith: null };
        if (!group.IsAlone && normalises && state.Plan.BatchSize < 2 * group.Size)
        {
            throw host.Error(
                $"There are {state.Plan.BatchSize} images in a step, too few for {group.Size} processes, each of which normalises by two "
                + "at least. Start fewer processes, or set SynchronizedNormalization.");
        }
    }

    private SortedDictionary<string, string> IdentityOf(TrainingState state, TrainingData data, StartingPoint start) =>
        new TrainingIdentity
        {
            Plan = state.Plan,
            Network = state.Network.Plan,
            Format = data.Format,
            Classes = data.KeyValues?.Names ?? [],
            Start = start.Fingerprint(state.Network.Plan),
            Train = data.Train,
            Validation = data.Validation,
            Processes = group.Size,
            SynchronizedNormalization = options.SynchronizedNormalization,
            Compression = options.GradientCompression,
        }.ToWords();

    private void LogBeginning(IChannel channel, TrainingState state, TrainingData data)
    {
        var (network, plan) = (state.Network.Plan, state.Plan);
        channel.Log(
            $"{network.Architecture} ({network.ParameterCount:N0} parameters) on {data.Train.Device}, {Text(plan.Precision)}: "
            + $"{data.Train.Count:N0} images of {data.Format.Shape}{(data.Train.IsStreamed ? ", streamed" : "")}, {plan.Epochs} epochs, "
            + $"batches of {plan.BatchSize}, recipe {options.Recipe}, seed {plan.Seed}");
        if (data.Train.Device.type == DeviceType.CPU && WholeBlocks.AreNeeded)
        {
            channel.Log("libtorch computes some convolutions wrongly on this machine; where it would, channels of zeros are added");
        }
    }

    private ResNetTransformer ToTransformer(
        TrainingData data,
        TrainingState state,
        StartingPoint start,
        TrainingOutcome outcome,
        NamedTensors weights,
        TemperatureScaling? calibration = null)
    {
        var summary = new TrainingSummary
        {
            Recipe = options.Recipe,
            Device = data.Train.Device.ToString(),
            Precision = Text(state.Plan.Precision),
            Seed = state.Plan.Seed,
            BatchSize = state.Plan.BatchSize,
            LearningRate = state.Plan.LearningRate,
            Images = data.Train.Count,
            History = state.History,
            Outcome = outcome,
            BestEpoch = outcome == TrainingOutcome.Diverged ? null : state.BestEpoch,
            NeverFlipped = !PlanOfOptions.MayFlip(options, start) && !state.Plan.Augmentation.HasFlag(Augmentation.Flip),
            FromInitialWeights = start.Kind is TrainingStart.Weights or TrainingStart.TunedModel,
            Calibration = calibration,
        };
        var plan = state.Network.Plan;
        weights = calibration is null ? weights : Calibration.Divide(weights, plan.Head!, calibration.Temperature);
        var type = data.Columns.Feature.Column.Type;
        var network = new TrainedNetwork(plan, weights, data.Format, options.TestTimeAugmentation, data.KeyValues)
        {
            Pixels = data.Pixels,
            RejectBelow = options.RejectBelow,
        };
        var columns = new ScoringColumns(
            options.FeatureColumnName, options.ScoreColumnName, options.PredictedLabelColumnName, options.LabelColumnName)
        {
            FeatureKind = data.Columns.Feature.Kind,
        };
        return new(host, new(network, summary), type, columns, options.Device, context);
    }

    private static string Text(torch.ScalarType precision) => precision.ToString().ToLowerInvariant();
}
