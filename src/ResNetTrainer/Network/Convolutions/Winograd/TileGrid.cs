namespace ResNetMLNet.Network.Convolutions.Winograd;

/// <summary>Images of one size in tiles of 4x4 pixels, from the left and from above; those at the other edges may be cut.</summary>
internal readonly record struct TileGrid(int Images, int Height, int Width)
{
    /// <summary>The side of a tile.</summary>
    public const int Side = 4;

    /// <summary>The side of what a kernel of 3x3 sees around it.</summary>
    public const int SeenSide = Side + 2;

    public int Count => Images * Down * Across;

    public int Pixels => Images * Height * Width;

    private int Down => (Height + Side - 1) / Side;

    private int Across => (Width + Side - 1) / Side;

    /// <summary>The tile of this number.</summary>
    public Tile this[int index] => new(index / (Down * Across), index / Across % Down * Side, index % Across * Side);

    /// <summary>The number of a pixel among those of all images.</summary>
    public int Pixel(int image, int y, int x) => (((image * Height) + y) * Width) + x;
}

/// <summary>A tile: its image, and where it begins in it.</summary>
internal readonly record struct Tile(int Image, int Top, int Left);
