using ResNetMLNet.Formats;
using ResNetMLNet.Network;

namespace ResNetMLNet.Training.Checkpoints;

/// <summary>
/// Whether what a checkpoint says can be a state of a training. Its checksum only tells that it is what somebody wrote.
/// </summary>
internal static class CheckpointCheck
{
    /// <summary>What is wrong with it; null where nothing is.</summary>
    /// <param name="checkpoint">What was read.</param>
    /// <param name="state">The training, before its first step.</param>
    /// <param name="steps">The steps of an epoch.</param>
    public static string? Problem(Checkpoint checkpoint, TrainingState state, long steps) =>
        ProblemOfHeader(checkpoint, state.Plan, steps)
        ?? ProblemOf("weights", checkpoint.Network, state.Network.Plan)
        ?? ProblemOf("average weights", checkpoint.Average, state.Network.Plan)
        ?? ProblemOf("best weights", checkpoint.Best, state.Network.Plan)
        ?? ProblemOf("last epoch's weights", checkpoint.LastEpoch, state.Network.Plan)
        ?? ProblemOfVelocities(checkpoint.Velocity, [.. state.Optimizer.Velocities])
        ?? state.Pruning?.ProblemOf(checkpoint.Pruning, isBetweenEpochs: checkpoint.Step == 0);

    private static string? ProblemOfHeader(Checkpoint checkpoint, TrainingPlan plan, long steps)
    {
        var epochs = checkpoint.History;
        return epochs.Length > plan.Epochs ? $"it claims {epochs.Length} epochs of {plan.Epochs}"
            : epochs.Where((epoch, i) => epoch is null || epoch.Epoch != i + 1).Any() ? "its epochs are not counted from 1"
            : epochs.Any(epoch => !double.IsFinite(epoch.TrainLoss) || !double.IsFinite(epoch.TrainAccuracy))
                ? "the metrics of an epoch are not finite"
            : (plan.AveragingDecay is null) != (checkpoint.Average is null) ? "the average of the weights is missing, or there is none"
            : checkpoint.Step < 0 || checkpoint.Step > steps ? $"it claims step {checkpoint.Step} of an epoch of {steps}"
            : checkpoint.MetricSums.Length != MetricSums.Length || !checkpoint.MetricSums.All(double.IsFinite)
                ? "its sums are not three finite numbers"
            : !double.IsFinite(checkpoint.Seconds) || checkpoint.Seconds < 0 ? $"it claims {checkpoint.Seconds} seconds"
            : checkpoint.BestEpoch is { } best && (best < 1 || best > epochs.Length) ? $"it claims the best epoch {best} of {epochs.Length}"
            : (checkpoint.BestEpoch is null) != (checkpoint.Best is null) ? "the best epoch and its weights are not there together"
            : null;
    }

    private static string? ProblemOf(string what, NamedTensors? weights, NetworkPlan plan) =>
        weights is not null && plan.Rejects(weights, out var problem) ? $"of its {what}, {problem}" : null;

    private static string? ProblemOfVelocities(NamedTensors found, (string Name, long[] Shape)[] wanted)
    {
        foreach (var (name, shape) in wanted)
        {
            if (!found.Tensors.TryGetValue(name, out var values) || !values.Shape.SequenceEqual(shape))
            {
                return $"the velocity of '{name}' is {values?.ShapeText ?? "missing"}, not ({string.Join(", ", shape)})";
            }
        }

        return found.Tensors.Count != wanted.Length ? $"it has {found.Tensors.Count} velocities, not {wanted.Length}"
            : found.FirstNotFinite() is { } infinite ? $"the velocity of '{infinite}' is not finite"
            : null;
    }
}
