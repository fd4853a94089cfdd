namespace ResNetMLNet.Network;

/// <summary>The size of an image as networks want it: channel by channel, row by row.</summary>
internal readonly record struct ImageShape(int Channels, int Height, int Width)
{
    /// <exception cref="OverflowException">There are more than an array can have.</exception>
    public int Count => checked(Channels * Height * Width);

    public int LongerSide => Math.Max(Height, Width);

    public override string ToString() => $"{Channels}x{Height}x{Width}";
}
