using ResNetMLNet.Network;

namespace ResNetMLNet;

/// <summary>The parts of a network with the shape of what each puts out, and the number of its parameters.</summary>
/// <param name="Layers">The parts in order; shapes without the batch: (channels, height, width) or (features).</param>
/// <param name="ParameterCount">The number of trained parameters.</param>
public sealed record ResNetSummary(IReadOnlyList<ResNetSummary.Layer> Layers, long ParameterCount)
{
    /// <summary>A part of a network.</summary>
    /// <param name="Name">What it is.</param>
    /// <param name="Shape">What it puts out.</param>
    public sealed record Layer(string Name, IReadOnlyList<long> Shape);
}

/// <summary>Summaries of networks.</summary>
public static class ResNetSummaries
{
    /// <summary>Lists the parts of a network with the shape of what each puts out for an image, as the chapter's table does.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="imageChannels">1 (grey) or 3 (red, green, blue).</param>
    /// <param name="imageSize">Pixels a side; at least <see cref="ResNetArchitecture.MinimumImageSize"/>.</param>
    /// <param name="classes">The number of classes.</param>
    /// <exception cref="ArgumentException">There can be no such network.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The image is too small or too large, or there are no classes, or too many.</exception>
    public static ResNetSummary Summarize(this ResNetArchitecture architecture, int imageChannels, int imageSize, int classes)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        if (NetworkLimits.ProblemOf(architecture) is { } problem)
        {
            throw new ArgumentException($"There can be no such network: {problem}.", nameof(architecture));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(imageChannels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(imageSize, architecture.MinimumImageSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(imageSize, NetworkLimits.MostPixelsOfASide);
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(classes, NetworkLimits.MostClasses);
        return Of(new(architecture, new(imageChannels, imageSize, imageSize), classes));
    }

    /// <summary>Lists the parts of a trained network with the shape of what each puts out for an image as it sees them.</summary>
    /// <param name="model">The network: <c>ResNetTransformer.Find(model).Model</c>.</param>
    public static ResNetSummary Summarize(this ResNetModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Of(model.Network.Plan);
    }

    private static ResNetSummary Of(NetworkPlan plan) =>
        new([.. plan.Parts.Select(part => new ResNetSummary.Layer(part.Name, part.Shape))], plan.ParameterCount);
}
