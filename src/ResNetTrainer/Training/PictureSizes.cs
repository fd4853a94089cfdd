using ResNetMLNet.Data;
using ResNetMLNet.Network;

namespace ResNetMLNet.Training;

/// <summary>
/// Progressive resizing (Howard, 2018; Tan and Le, 2021): training begins with small pictures, which are quick, and ends with pictures as
/// they will be scored.
/// </summary>
internal sealed class PictureSizes
{
    private readonly ImageShape[] _shapes;
    private readonly double _until;

    /// <param name="network">The network that is trained.</param>
    /// <param name="full">The pictures as they will be scored.</param>
    /// <param name="from">The side of the first pictures, as a share of the full one.</param>
    /// <param name="until">The share of all steps after which pictures have their full size.</param>
    public PictureSizes(NetworkPlan network, ImageShape full, double from, double until)
    {
        // Small pictures must meet the same taps of every kernel: others would be trained on nothing until the end.
        var taps = Taps.Of(network, full.Height, full.Width);
        bool MeetsSameTaps(ImageShape shape) => Taps.Of(network, shape.Height, shape.Width).All(pair => taps[pair.Key] == pair.Value);

        // In steps of four pixels: the network's stem divides by four.
        var rows = Enumerable.Range(0, 1 + (int)((1 - from) * Math.Max(full.Height, full.Width) / 4))
            .Select(step => full with { Height = Scaled(full.Height, step), Width = Scaled(full.Width, step) })
            .TakeWhile(MeetsSameTaps);
        _shapes = [.. rows.Reverse()];
        _until = until;

        int Scaled(int side, int step) => side - (int)(4L * step * side / Math.Max(full.Height, full.Width));
    }

    /// <summary>The pictures when a share of all steps has been done.</summary>
    public ImageShape At(double progress) =>
        _shapes[Math.Min(_shapes.Length - 1, (int)(progress / Math.Max(_until, 1e-9) * (_shapes.Length - 1)))];
}
