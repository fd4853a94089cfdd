using System.Globalization;
using System.Text;

namespace ResNetMLNet;

/// <summary>When to stop training before its last epoch: when a metric has not improved for some epochs.</summary>
/// <remarks>
/// It suits a constant learning rate (<see cref="TrainingRecipe.Book"/>). The rate of <see cref="TrainingRecipe.Fast"/> and
/// <see cref="TrainingRecipe.Best"/> falls until the last epoch and brings the best weights there: stopped early, they are missed; choose
/// fewer epochs instead.
/// </remarks>
public sealed record EarlyStopping
{
    /// <summary>What must improve. Default: the loss over the validation set.</summary>
    public TrainingMetric Metric { get; init; } = TrainingMetric.ValidationLoss;

    /// <summary>How many epochs in a row may pass without an improvement. Default: 3.</summary>
    public int Patience { get; init; } = 3;

    /// <summary>By how much the metric must change for the better to count as improved. Default: 0, anything.</summary>
    public double LeastImprovement { get; init; }

    /// <summary>Whether to stop after these epochs: a pure function, so that resumed training decides as it would have.</summary>
    internal bool IsDue(IReadOnlyList<EpochMetrics> history)
    {
        var best = double.NegativeInfinity;
        var waited = 0;
        foreach (var epoch in history)
        {
            var value = epoch.Score(Metric);
            waited++;
            if (value > best + LeastImprovement)
            {
                (best, waited) = (value, 0);
            }
        }

        return waited >= Patience;
    }

    // Part of a training's identity: the same in every culture.
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append(
            CultureInfo.InvariantCulture, $"Metric = {Metric}, Patience = {Patience}, LeastImprovement = {LeastImprovement}");
        return true;
    }
}

/// <summary>A number of <see cref="EpochMetrics"/> by which epochs are compared.</summary>
public enum TrainingMetric
{
    /// <summary>The loss over the validation set; less is better.</summary>
    ValidationLoss,

    /// <summary>The accuracy over the validation set; more is better.</summary>
    ValidationAccuracy,

    /// <summary>The loss over the training images; less is better.</summary>
    TrainLoss,

    /// <summary>The accuracy over the training images; more is better.</summary>
    TrainAccuracy,
}
