using System.Buffers;

namespace ResNetMLNet.Network.Convolutions.Winograd;

/// <summary>
/// How transformed tiles and kernels lie in memory: in 36 planes, in these in panels of <see cref="Panel"/> channels, in these in rows, one
/// for each tile of a block or each input of a kernel.
/// </summary>
internal static class Planes
{
    public const int Count = TileGrid.SeenSide * TileGrid.SeenSide;

    /// <summary>Channels that lie together.</summary>
    public const int Panel = 16;

    /// <summary>
    /// From one plane to the next. All of them are written in turn: at distances of a power of two they would push each other out of the
    /// processor's first cache.
    /// </summary>
    /// <param name="channels">Whole panels.</param>
    /// <param name="rows">Rows of a panel.</param>
    public static int Distance(int channels, int rows) => (channels * rows) + Panel;

    /// <summary>Where a channel of the first row begins in a plane.</summary>
    public static int Start(int channel, int rows) => (channel / Panel * Panel * rows) + (channel % Panel);

    /// <summary>Room for all planes, with whatever is in it, until <see cref="Return"/>.</summary>
    public static float[] Rent(int channels, int rows) => ArrayPool<float>.Shared.Rent(Size(channels, rows));

    /// <summary>The same, of zeros.</summary>
    public static float[] RentZeros(int channels, int rows)
    {
        var room = Rent(channels, rows);
        room.AsSpan(0, Size(channels, rows)).Clear();
        return room;
    }

    public static void Return(params float[][] rooms) => Array.ForEach(rooms, room => ArrayPool<float>.Shared.Return(room));

    private static int Size(int channels, int rows) => Count * Distance(channels, rows);
}
