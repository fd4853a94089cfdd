namespace ResNetMLNet.Sample.Scoring;

/// <summary>The likeliest class of an image.</summary>
/// <param name="Label">Its name; null where it is not likely enough for the model.</param>
/// <param name="Probability">Its probability.</param>
internal sealed record Likeliest(string? Label, float Probability)
{
    /// <summary>What people read where there is no class.</summary>
    public const string Unknown = "unknown";

    public static Likeliest Of(ResNetModel model, float[] scores)
    {
        var best = Array.IndexOf(scores, scores.Max());
        return new(IsRejected(model, scores[best]) ? null : model.ClassNames[best], scores[best]);
    }

    /// <summary>Whether a model gives no class where the likeliest has this probability.</summary>
    public static bool IsRejected(ResNetModel model, float probability) =>
        model.RejectBelow is { } least && !(probability >= (float)least);
}
