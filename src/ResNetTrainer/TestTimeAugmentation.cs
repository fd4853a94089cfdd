namespace ResNetMLNet;

/// <summary>Of how many views of an image a score is the mean. More of them are somewhat more accurate, and as many times slower.</summary>
public enum TestTimeAugmentation
{
    /// <summary>The image alone.</summary>
    None,

    /// <summary>The image and its mirror image.</summary>
    Flip,

    /// <summary>
    /// Six views: the image, and the image shifted by one pixel to the upper left and to the lower right, each with its mirror image
    /// (Jordan, 2024).
    /// </summary>
    FlipAndShift,
}
