namespace ResNetMLNet.Network;

/// <summary>
/// What a network may be, whether an option or a file asks for it. The limits are wide (a thousand blocks a stage, sixteen times the
/// paper's width, images of 4096 pixels a side, a million classes) and keep every product of them within what numbers and arrays hold; they
/// are checked before anything is built.
/// </summary>
internal static class NetworkLimits
{
    public const int MostBlocksOfAStage = 1_000;
    public const int MostChannels = 1_024;
    public const int MostTimesAsWide = 16;
    public const int MostPixelsOfASide = 4_096;
    public const int MostClasses = 1_000_000;

    /// <summary>Says why there can be no such network, with the names that the header of a saved model has; null where there can.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="input">The images that it sees.</param>
    /// <param name="classes">The classes that it tells apart; null for one without the linear layer.</param>
    public static string? ProblemOf(ResNetArchitecture architecture, ImageShape input, int? classes) =>
        ProblemOf(architecture)
        ?? (input.Channels is not (1 or 3) ? $"channels is {input.Channels}, where images have 1 (grey) or 3 (red, green, blue)" : null)
        ?? Beyond("height", input.Height, MostPixelsOfASide)
        ?? Beyond("width", input.Width, MostPixelsOfASide)
        ?? (classes is < 2 or > MostClasses ? $"there are {classes:N0} classes, where 2 to {MostClasses:N0} can be told apart" : null)
        ?? TooLarge(new(architecture, input, classes));

    /// <summary>The same of the network alone.</summary>
    public static string? ProblemOf(ResNetArchitecture architecture) =>
        string.IsNullOrWhiteSpace(architecture.Name) ? "the architecture has no name" :
        !Enum.IsDefined(architecture.Stem) ? $"stem is {(int)architecture.Stem}, which is no kind of stem" :
        !Enum.IsDefined(architecture.Block) ? $"block is {(int)architecture.Block}, which is no kind of block" :
        !Enum.IsDefined(architecture.Skip) ? $"skip is {(int)architecture.Skip}, which is no kind of skip path" :
        architecture.Depths.ToArray().Select(depth => Beyond("depths", depth, MostBlocksOfAStage)).FirstOrDefault(each => each is not null)
        ?? Beyond("the architecture's width", architecture.Width, MostChannels)
        ?? Beyond("widthFactor", architecture.WidthFactor, MostTimesAsWide)
        ?? Beyond("groups", architecture.Groups, architecture.Width * architecture.WidthFactor)
        ?? (architecture.Width * architecture.WidthFactor % architecture.Groups != 0
            ? $"groups is {architecture.Groups}, which does not divide the channels of a bottleneck, width times widthFactor"
            : null)
        ?? (architecture.Block == ResNetBlock.Basic && architecture is not { WidthFactor: 1, Groups: 1 }
            ? "widthFactor and groups are of bottlenecks, but block is Basic"
            : null);

    private static string? Beyond(string name, int value, int most) =>
        value >= 1 && value <= most ? null : $"{name} is {value}, where 1 to {most} is possible";

    private static string? TooLarge(NetworkPlan plan) =>
        plan.Tensors.FirstOrDefault(tensor => tensor.Count > Array.MaxLength) is { } tensor
            ? $"the tensor '{tensor.Name}' of {tensor.ShapeText} would have {tensor.Count:N0} values, more than an array holds"
            : null;
}
