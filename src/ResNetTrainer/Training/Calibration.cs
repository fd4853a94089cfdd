using ResNetMLNet.Formats;
using ResNetMLNet.Network;

namespace ResNetMLNet.Training;

/// <summary>
/// Temperature scaling (Guo et al., 2017): logits are divided by the one number that makes the cross-entropy of the validation set least,
/// so that probabilities mean what they say. Which class is the likeliest stays the same (of the mean of two views, nearly always).
/// </summary>
internal static class Calibration
{
    private const double Highest = 100;
    private const double Precision = 1e-7;

    /// <summary>Finds the temperature.</summary>
    /// <param name="set">What to find it on.</param>
    /// <param name="beforePass">Called before each pass over the set; may throw to stop.</param>
    /// <param name="problem">Why none is the best, where that is so; the temperature is 1 then.</param>
    public static TemperatureScaling Find(CalibrationSet set, Action beforePass, out string? problem)
    {
        // The more certain the better, or the less: there is no least cross-entropy between them.
        problem = set.IsAllRight ? "every image of the validation set is given its class, so that it does not say how often that is wrong"
            : !set.IsBetterThanChance ? "the network is no better than chance on the validation set"
            : null;
        var temperature = problem is null ? Math.Exp(GoldenSection(Loss, Math.Log(Highest))) : 1;
        var (before, after) = (set.Measure(1), set.Measure(temperature));
        return new()
        {
            Temperature = temperature,
            LossBefore = before.Loss,
            LossAfter = after.Loss,
            CalibrationErrorBefore = before.Error,
            CalibrationErrorAfter = after.Error,
        };

        double Loss(double logarithm)
        {
            beforePass();
            return set.Measure(Math.Exp(logarithm)).Loss;
        }
    }

    /// <summary>The weights of a network whose logits are divided by a number: its linear layer is.</summary>
    public static NamedTensors Divide(NamedTensors weights, LinearPlan head, double by) => weights.Select((name, tensor) =>
        name == head.Weight.Name || name == head.Bias.Name ? [.. tensor.Data.Select(value => (float)(value / by))] : tensor.Data);

    // Where a function with a single minimum has it, between -bound and bound. The cross-entropy is convex in 1 / temperature.
    private static double GoldenSection(Func<double, double> function, double bound)
    {
        var ratio = (Math.Sqrt(5) - 1) / 2;
        var (from, to) = (-bound, bound);
        var (left, right) = (to - (ratio * (to - from)), from + (ratio * (to - from)));
        var (atLeft, atRight) = (function(left), function(right));
        while (to - from > Precision)
        {
            if (atLeft < atRight)
            {
                (to, right, atRight) = (right, left, atLeft);
                left = to - (ratio * (to - from));
                atLeft = function(left);
            }
            else
            {
                (from, left, atLeft) = (left, right, atRight);
                right = from + (ratio * (to - from));
                atRight = function(right);
            }
        }

        return (from + to) / 2;
    }
}
