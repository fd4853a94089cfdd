using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;
using ResNetMLNet.Training;

namespace ResNetMLNet.Fitting;

/// <summary>The network of a training, as it is before the first step.</summary>
internal static class StartingNetwork
{
    /// <param name="host">The trainer.</param>
    /// <param name="channel">Is told what is not as it was.</param>
    /// <param name="plan">How it will be trained.</param>
    /// <param name="data">On what.</param>
    /// <param name="start">What it begins with.</param>
    /// <exception cref="InvalidOperationException">There can be no such network, or the weights are not for it.</exception>
    public static TrainableNetwork Create(IHost host, IChannel channel, TrainingPlan plan, TrainingData data, StartingPoint start)
    {
        var (shape, classes) = (data.Format.Shape, data.Columns.Label.Classes);
        if (NetworkLimits.ProblemOf(data.Architecture, shape, classes) is { } problem)
        {
            throw host.Error($"There can be no such network: {problem}. Set Architecture and ImageSize to what is possible.");
        }

        start.CheckImages(host, shape);
        var networkPlan = new NetworkPlan(data.Architecture, shape, classes) { Statistics = start.StatisticsFor(shape) };
        var network = TrainableNetwork.Create(
            networkPlan, plan.Initialisation, RandomStream.Derive(plan.Seed, 0), data.Train.Device, plan.Precision);
        try
        {
            PixelScale.Check(channel, data.Train.Statistics, networkPlan);
            if (start.WeightsFor(host, channel, network, data) is { } weights)
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
