namespace ResNetMLNet.Training.Optimizing;

/// <summary>How the learning rate falls to zero.</summary>
internal enum LearningRateDecay
{
    Linear,

    /// <summary>Half a period of a cosine (Loshchilov and Hutter, 2016): slowly, quickly, slowly.</summary>
    Cosine,
}

/// <summary>How the learning rate rises and falls in the course of a training.</summary>
internal static class LearningRateSchedule
{
    /// <summary>The learning rate as a pure function of the step, which may be a part of the way to the next.</summary>
    public static double LearningRateAt(this TrainingPlan plan, double step, long steps)
    {
        if (plan.Warmup is not { } share)
        {
            return plan.LearningRate;
        }

        // Linear up, down to zero (linearly: Smith, 2018; Jordan, 2024), sampled in the middle of each step.
        var progress = (step + 0.5) / steps;
        var left = (1 - progress) / (1 - share);
        return plan.LearningRate * (progress < share ? progress / share
            : plan.Decay == LearningRateDecay.Cosine ? (1 - Math.Cos(Math.PI * left)) / 2
            : left);
    }
}
