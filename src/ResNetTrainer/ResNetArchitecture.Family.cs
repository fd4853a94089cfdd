namespace ResNetMLNet;

public sealed partial record ResNetArchitecture
{
    // In pixels: MNIST's, Fashion-MNIST's and CIFAR's images are smaller, those that a stem of stride 4 is made for are larger
    // (docs/EXPERIMENTS.md, "Muon").
    private const int LargestSmallSide = 40;

    /// <summary>18 layers, as torchvision has them. 11.2 million parameters for ten classes.</summary>
    public static ResNetArchitecture ResNet18 { get; } = new()
    {
        Name = "resnet18",
        Block = ResNetBlock.Basic,
        Skip = ResNetSkip.NormalizedConvolution,
        Depths = new(2, 2, 2, 2),
    };

    /// <summary>34 layers. 21.3 million parameters for ten classes.</summary>
    public static ResNetArchitecture ResNet34 { get; } = ResNet18 with { Name = "resnet34", Depths = new(3, 4, 6, 3) };

    /// <summary>50 layers. 23.5 million parameters for ten classes.</summary>
    public static ResNetArchitecture ResNet50 { get; } = ResNet34 with { Name = "resnet50", Block = ResNetBlock.Bottleneck };

    /// <summary>101 layers. 42.5 million parameters for ten classes.</summary>
    public static ResNetArchitecture ResNet101 { get; } = ResNet50 with { Name = "resnet101", Depths = new(3, 4, 23, 3) };

    /// <summary>152 layers. 58.2 million parameters for ten classes.</summary>
    public static ResNetArchitecture ResNet152 { get; } = ResNet50 with { Name = "resnet152", Depths = new(3, 8, 36, 3) };

    /// <summary>50 layers, the inner ones twice as wide (Zagoruyko and Komodakis, 2016). 66.9 million parameters for ten classes.</summary>
    public static ResNetArchitecture WideResNet50 { get; } = ResNet50 with { Name = "wide_resnet50_2", WidthFactor = 2 };

    /// <summary>
    /// 50 layers, the inner ones twice as wide and in 32 groups (Xie et al., 2017). 23.0 million parameters for ten classes.
    /// </summary>
    public static ResNetArchitecture ResNeXt50 { get; } = WideResNet50 with { Name = "resnext50_32x4d", Groups = 32 };

    /// <summary>
    /// 18 layers, as in Dive into Deep Learning, 7.6: its convolutions on the skip path are not normalised. 11.2 million parameters for ten
    /// classes.
    /// </summary>
    public static ResNetArchitecture BookResNet18 { get; } = ResNet18 with { Name = "resnet18-book", Skip = ResNetSkip.Convolution };

    /// <summary>18 layers with normalisation and ReLU before the convolutions.</summary>
    public static ResNetArchitecture PreActivationResNet18 { get; } = ResNet18 with { Name = "resnet18-preact", PreActivation = true };

    /// <summary>50 layers with normalisation and ReLU before the convolutions.</summary>
    public static ResNetArchitecture PreActivationResNet50 { get; } = ResNet50 with { Name = "resnet50-preact", PreActivation = true };

    /// <summary>18 layers behind the stem for small images. 11.2 million parameters for ten classes.</summary>
    public static ResNetArchitecture SmallImageResNet18 { get; } = ResNet18 with { Name = "resnet18-small", Stem = ResNetStem.Small };

    /// <summary>
    /// 18 layers behind the stem for small images, a quarter as wide: what <see cref="TrainingRecipe.Fast"/> trains for images of up to 40
    /// pixels a side where no network is named. 0.70 million parameters for ten classes.
    /// </summary>
    public static ResNetArchitecture NarrowResNet18 { get; } = SmallImageResNet18 with { Name = "resnet18-narrow", Width = 16 };

    /// <summary>
    /// 18 layers behind the stem for small images, half as wide: what <see cref="TrainingRecipe.Best"/> trains for images of up to 40
    /// pixels a side where no network is named. 2.8 million parameters for ten classes.
    /// </summary>
    public static ResNetArchitecture HalfResNet18 { get; } = SmallImageResNet18 with { Name = "resnet18-half", Width = 32 };

    /// <summary>
    /// 20 layers in three stages, for images of 28 or 32 pixels a side (the paper's section 4.2, with its option A). 0.27 million
    /// parameters.
    /// </summary>
    public static ResNetArchitecture ResNet20 { get; } = new()
    {
        Name = "resnet20",
        Stem = ResNetStem.Small,
        Block = ResNetBlock.Basic,
        Skip = ResNetSkip.ZeroPadding,
        Depths = new(3, 3, 3),
        Width = 16,
    };

    /// <summary>32 layers in three stages. 0.46 million parameters.</summary>
    public static ResNetArchitecture ResNet32 { get; } = ResNet20 with { Name = "resnet32", Depths = new(5, 5, 5) };

    /// <summary>44 layers in three stages. 0.66 million parameters.</summary>
    public static ResNetArchitecture ResNet44 { get; } = ResNet20 with { Name = "resnet44", Depths = new(7, 7, 7) };

    /// <summary>56 layers in three stages. 0.85 million parameters.</summary>
    public static ResNetArchitecture ResNet56 { get; } = ResNet20 with { Name = "resnet56", Depths = new(9, 9, 9) };

    /// <summary>110 layers in three stages. 1.7 million parameters.</summary>
    public static ResNetArchitecture ResNet110 { get; } = ResNet20 with { Name = "resnet110", Depths = new(18, 18, 18) };

    /// <summary>
    /// The network for those who name none: 18 layers, with the stem and the width that suit the images and the recipe. Up to 40 pixels a
    /// side it is <see cref="NarrowResNet18"/>, or <see cref="HalfResNet18"/> with <see cref="TrainingRecipe.Best"/>; else, and with
    /// <see cref="TrainingRecipe.Book"/>, <see cref="BookResNet18"/>.
    /// </summary>
    /// <param name="imageSize">The longer side of the images as the network sees them, in pixels.</param>
    /// <param name="recipe">How it is to be trained.</param>
    public static ResNetArchitecture DefaultFor(int imageSize, TrainingRecipe recipe = TrainingRecipe.Fast) => recipe switch
    {
        TrainingRecipe.Book => BookResNet18,
        _ when !IsSmall(imageSize) => BookResNet18,
        TrainingRecipe.Best => HalfResNet18,
        _ => NarrowResNet18,
    };

    /// <summary>Whether images are of the kind that the stem for small images is made for.</summary>
    /// <param name="imageSize">Their longer side, in pixels.</param>
    internal static bool IsSmall(int imageSize) => imageSize <= LargestSmallSide;

    /// <summary>The predefined networks.</summary>
    public static IReadOnlyList<ResNetArchitecture> All { get; } =
    [
        ResNet18, ResNet34, ResNet50, ResNet101, ResNet152, WideResNet50, ResNeXt50, BookResNet18, PreActivationResNet18,
        PreActivationResNet50, SmallImageResNet18, NarrowResNet18, HalfResNet18, ResNet20, ResNet32, ResNet44, ResNet56, ResNet110,
    ];
}
