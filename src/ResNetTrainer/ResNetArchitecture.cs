namespace ResNetMLNet;

/// <summary>The two kinds of residual block of the paper (He et al., 2015, https://arxiv.org/abs/1512.03385, figure 5).</summary>
public enum ResNetBlock
{
    /// <summary>Two 3x3 convolutions.</summary>
    Basic,

    /// <summary>
    /// A 1x1, a 3x3 and a 1x1 convolution; the last has four times the channels. The stride is on the 3x3
    /// convolution, as in torchvision ("ResNet v1.5").
    /// </summary>
    Bottleneck,
}

/// <summary>What stands on the skip path where the shape of the images changes.</summary>
public enum ResNetSkip
{
    /// <summary>A 1x1 convolution with a bias, as in Dive into Deep Learning, 7.6.</summary>
    Convolution,

    /// <summary>A 1x1 convolution followed by batch normalisation, as in the paper and in torchvision.</summary>
    NormalizedConvolution,
}

/// <summary>
/// The shape of a residual network: a stem (7x7 convolution of stride 2, batch normalisation, ReLU, 3x3 max pooling of
/// stride 2), four stages of residual blocks that double the channels and, from the second on, halve the image,
/// global average pooling and a linear layer.
/// </summary>
/// <remarks>
/// The predefined ones are the family of the paper's Table 1. <see cref="ResNet18"/> is the network of Dive into Deep
/// Learning, 7.6; the others have the parameters of torchvision's, under the same names. A narrower or shallower
/// network is made with <c>with</c>: <c>ResNetArchitecture.ResNet18 with { Name = "narrow", Width = 16 }</c>.
/// </remarks>
public sealed record ResNetArchitecture
{
    /// <summary>18 layers, as in Dive into Deep Learning, 7.6. 11.2 million parameters for ten classes.</summary>
    public static ResNetArchitecture ResNet18 { get; } = new()
    {
        Name = "resnet18",
        Block = ResNetBlock.Basic,
        Skip = ResNetSkip.Convolution,
        Depths = new(2, 2, 2, 2),
    };

    /// <summary>34 layers. 21.3 million parameters for ten classes.</summary>
    public static ResNetArchitecture ResNet34 { get; } = new()
    {
        Name = "resnet34",
        Block = ResNetBlock.Basic,
        Skip = ResNetSkip.NormalizedConvolution,
        Depths = new(3, 4, 6, 3),
    };

    /// <summary>50 layers. 23.5 million parameters for ten classes.</summary>
    public static ResNetArchitecture ResNet50 { get; } = ResNet34 with { Name = "resnet50", Block = ResNetBlock.Bottleneck };

    /// <summary>101 layers. 42.5 million parameters for ten classes.</summary>
    public static ResNetArchitecture ResNet101 { get; } = ResNet50 with { Name = "resnet101", Depths = new(3, 4, 23, 3) };

    /// <summary>152 layers. 58.2 million parameters for ten classes.</summary>
    public static ResNetArchitecture ResNet152 { get; } = ResNet50 with { Name = "resnet152", Depths = new(3, 8, 36, 3) };

    /// <summary>The predefined networks.</summary>
    public static IReadOnlyList<ResNetArchitecture> All { get; } = [ResNet18, ResNet34, ResNet50, ResNet101, ResNet152];

    /// <summary>The name, for people: it is written to the log, to metrics and into saved models.</summary>
    public required string Name { get; init; }

    /// <summary>The kind of block.</summary>
    public ResNetBlock Block { get; init; }

    /// <summary>What stands on the skip path where the shape changes.</summary>
    public ResNetSkip Skip { get; init; }

    /// <summary>The number of blocks in each of the four stages; at least one.</summary>
    public required StageDepths Depths { get; init; }

    /// <summary>The channels of the stem and of the first stage's 3x3 convolutions; each stage doubles them. 64 in the paper.</summary>
    public int Width { get; init; } = 64;

    /// <summary>The smallest image, in pixels a side, of which the last stage still sees more than one pixel.</summary>
    public int MinimumImageSize => 17;

    /// <inheritdoc/>
    public override string ToString() => Name;

    internal int Expansion => Block == ResNetBlock.Basic ? 1 : 4;
}

/// <summary>The number of residual blocks in each of the four stages of a <see cref="ResNetArchitecture"/>.</summary>
/// <param name="First">Blocks of the first stage.</param>
/// <param name="Second">Blocks of the second stage.</param>
/// <param name="Third">Blocks of the third stage.</param>
/// <param name="Fourth">Blocks of the fourth stage.</param>
public readonly record struct StageDepths(int First, int Second, int Third, int Fourth)
{
    internal int[] ToArray() => [First, Second, Third, Fourth];
}
