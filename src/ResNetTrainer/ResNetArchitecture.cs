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

    /// <summary>A 1x1 convolution followed by batch normalisation, as in the paper (option B) and in torchvision.</summary>
    NormalizedConvolution,

    /// <summary>
    /// Every second pixel, and channels of zeros for those that are missing: no parameters (the paper's option A, for its networks of three
    /// stages).
    /// </summary>
    ZeroPadding,
}

/// <summary>What images go through before the first stage.</summary>
public enum ResNetStem
{
    /// <summary>A 7x7 convolution of stride 2, and 3x3 max pooling of stride 2.</summary>
    Large,

    /// <summary>A 3x3 convolution of stride 1: for images of 28 or 32 pixels a side, as in the paper's section 4.2.</summary>
    Small,
}

/// <summary>
/// The shape of a residual network: a stem, three or four stages of residual blocks that double the channels and, from the second on,
/// halve the image, global average pooling and a linear layer.
/// </summary>
/// <remarks>
/// The predefined ones are the family of the paper's Table 1 with the parameters of torchvision's, under the same names; the small ones of
/// its section 4.2; and <see cref="BookResNet18"/>, the network of Dive into Deep Learning, 7.6. Others are made with <c>with</c>:
/// <c>ResNetArchitecture.ResNet18 with { Name = "narrow", Width = 16 }</c>.
/// </remarks>
public sealed partial record ResNetArchitecture
{
    /// <summary>The name, for people: it is written to the log, to metrics and into saved models.</summary>
    public required string Name { get; init; }

    /// <summary>What stands before the first stage. Default: the large stem.</summary>
    public ResNetStem Stem { get; init; }

    /// <summary>The kind of block. Default: basic, two 3x3 convolutions.</summary>
    public ResNetBlock Block { get; init; }

    /// <summary>What stands on the skip path where the shape changes. Default: a convolution and its normalisation.</summary>
    public ResNetSkip Skip { get; init; } = ResNetSkip.NormalizedConvolution;

    /// <summary>
    /// Whether normalisation and ReLU stand before each convolution of a block instead of behind it, so that the skip path runs through the
    /// whole network (He et al., 2016, https://arxiv.org/abs/1603.05027). Its convolutions then have no biases.
    /// </summary>
    public bool PreActivation { get; init; }

    /// <summary>The number of blocks in each of the three or four stages; at least one.</summary>
    public required StageDepths Depths { get; init; }

    /// <summary>
    /// The channels of the stem and of the first stage's 3x3 convolutions; each stage doubles them. 64 in the paper's Table 1.
    /// </summary>
    public int Width { get; init; } = 64;

    /// <summary>How many times as many channels the 3x3 convolution of a bottleneck has: 2 in wide_resnet50_2. Default: 1.</summary>
    public int WidthFactor { get; init; } = 1;

    /// <summary>The groups of the 3x3 convolution of a bottleneck: 32 in ResNeXt. Default: 1.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>The smallest image, in pixels a side, of which the last stage still sees more than one pixel.</summary>
    public int MinimumImageSize => ((Stem == ResNetStem.Large ? 4 : 1) << (Stages - 2)) + 1;

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>Whether the first version of the library knows networks like this.</summary>
    internal bool IsOfFirstVersion =>
        Stem == ResNetStem.Large && Skip != ResNetSkip.ZeroPadding
            && this is { PreActivation: false, WidthFactor: 1, Groups: 1, Stages: 4 };

    internal int Stages => Depths.ToArray().Length;

    internal int Expansion => Block == ResNetBlock.Basic ? 1 : 4;
}

/// <summary>The number of residual blocks in each of the stages of a <see cref="ResNetArchitecture"/>.</summary>
/// <param name="First">Blocks of the first stage.</param>
/// <param name="Second">Blocks of the second stage.</param>
/// <param name="Third">Blocks of the third stage.</param>
/// <param name="Fourth">Blocks of the fourth stage; 0 for a network of three stages.</param>
public readonly record struct StageDepths(int First, int Second, int Third, int Fourth = 0)
{
    internal int[] ToArray() => Fourth == 0 ? [First, Second, Third] : [First, Second, Third, Fourth];
}
