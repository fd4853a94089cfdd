using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.Formats;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;
using ResNetMLNet.Training;
using TorchSharp;

namespace ResNetMLNet;

// The network of a training: made anew, or from a model or a file of weights.
public sealed partial class ResNetTrainer
{
    private NetworkPlan NetworkOf(TrainingData data, ResNetModel? start, StartingFile? file)
    {
        var (shape, classes) = (data.Format.Shape, data.Columns.Label.Classes);
        if (NetworkLimits.ProblemOf(data.Architecture, shape, classes) is { } problem)
        {
            throw _host.Error($"There can be no such network: {problem}. Set Architecture and ImageSize to what is possible.");
        }

        var plan = new NetworkPlan(data.Architecture, shape, classes)
        {
            Statistics = start is null ? file?.Statistics.For(shape) : start.PixelStatistics?.For(shape),
        };
        StartingModel.Check(_host, start, plan);
        return plan;
    }

    // Null where training starts from fresh weights.
    private NamedTensors? WeightsToStartFrom(
        IChannel channel, ResNetModel? model, StartingFile? file, TrainableNetwork fresh, TrainingData data)
    {
        PixelScale.Check(channel, data.Train.Statistics, fresh.Plan);
        if (model is null)
        {
            if (file?.ClassNames is { } names && !names.SequenceEqual(data.ClassNames))
            {
                channel.Log("the weights to start from are of other classes: the linear layer starts afresh");
            }

            return file?.Fit(_host, fresh.Plan, fresh.Export());
        }

        StartingModel.WarnOfFormat(channel, model, data.Format, data.LargestPixel);
        StartingModel.LogClasses(channel, model.ClassNames, data.ClassNames);
        return StartingWeights.Of(model.Network.Weights, model.ClassNames, fresh, data.ClassNames);
    }

    private static TrainableNetwork CreateNetwork(
        NetworkPlan networkPlan, TrainingPlan plan, torch.Device device, Func<TrainableNetwork, NamedTensors?> weightsToStartFrom)
    {
        var network = TrainableNetwork.Create(networkPlan, plan.Initialisation, RandomStream.Derive(plan.Seed, 0), device, plan.Precision);
        try
        {
            if (weightsToStartFrom(network) is { } weights)
            {
                network.Import(weights);
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
}
