namespace ResNetMLNet.Training;

/// <summary>How the learning rate rises and falls in the course of a training.</summary>
internal static class LearningRateSchedule
{
    /// <summary>The learning rate as a pure function of the step.</summary>
    public static double LearningRateAt(this TrainingPlan plan, long step, long steps)
    {
        if (plan.Warmup is not { } share)
        {
            return plan.LearningRate;
        }

        // Linear up, linear down to zero (Smith, 2018; Jordan, 2024), sampled in the middle of each step.
        var progress = (step + 0.5) / steps;
        return plan.LearningRate * (progress < share ? progress / share : (1 - progress) / (1 - share));
    }
}
