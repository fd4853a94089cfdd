namespace ResNetMLNet.Network;

/// <summary>The network for those who name none.</summary>
internal static class DefaultNetwork
{
    // 0: no images are small. 40 would give Fashion-MNIST's and CIFAR's the stem for small images; that is to be measured first.
    private const int LargestSmallSide = 0;

    /// <param name="shape">What the network sees.</param>
    /// <param name="images">The number of training images; null where it is not known before they are read.</param>
    public static ResNetArchitecture For(ImageShape shape, long? images) => For(shape, images, LargestSmallSide);

    /// <summary>The same with another limit, in pixels.</summary>
    internal static ResNetArchitecture For(ImageShape shape, long? images, int largestSmallSide)
    {
        // The number of images does not decide yet.
        _ = images;
        return Math.Max(shape.Height, shape.Width) <= largestSmallSide
            ? ResNetArchitecture.SmallImageResNet18
            : ResNetArchitecture.BookResNet18;
    }
}
