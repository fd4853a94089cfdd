namespace ResNetMLNet;

/// <summary>How an image is brought to the square that the network sees, where <c>ImageSize</c> is set.</summary>
public enum ResizeMode
{
    /// <summary>Both sides are scaled to the size asked for; an image that is not square is distorted.</summary>
    Stretch,

    /// <summary>The shorter side is scaled to the size asked for, and the middle of the longer one is kept.</summary>
    CenterCrop,

    /// <summary>The longer side is scaled to the size asked for, and black is added on both sides of the shorter one.</summary>
    Pad,
}
