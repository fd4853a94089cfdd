namespace ResNetMLNet.Network;

/// <summary>The network for those who name none.</summary>
internal static class DefaultNetwork
{
    // 0: no images are small. 40 would give Fashion-MNIST's and CIFAR's the stem for small images, which at ten epochs gained nothing in
    // the same time (docs/BENCHMARKS.md, "Recipes").
    private const int LargestSmallSide = 0;

    /// <param name="shape">What the network sees.</param>
    public static ResNetArchitecture For(ImageShape shape) => For(shape, LargestSmallSide);

    /// <summary>The same with another limit, in pixels.</summary>
    internal static ResNetArchitecture For(ImageShape shape, int largestSmallSide) =>
        Math.Max(shape.Height, shape.Width) <= largestSmallSide ? ResNetArchitecture.SmallImageResNet18 : ResNetArchitecture.BookResNet18;
}
