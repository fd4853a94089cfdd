using ResNetMLNet.Network;

namespace ResNetMLNet.Training;

/// <summary>
/// Progressive resizing (Howard, 2018; Tan and Le, 2021): training begins with small images, which are quick, and ends with images as
/// they will be scored.
/// </summary>
internal sealed class ProgressiveResizing
{
    private readonly ImageShape[] _shapes;
    private readonly double _until;

    /// <param name="network">The network that is trained, for images as they will be scored.</param>
    /// <param name="from">The side of the first images, as a share of the full one.</param>
    /// <param name="until">The share of all steps after which images have their full size.</param>
    public ProgressiveResizing(NetworkPlan network, double from, double until)
    {
        var full = network.Input;

        // Small images must meet the same part of every kernel: the rest would be trained on nothing until the end.
        bool MeetsSameWindows(ImageShape shape) => network.For(shape).Windows.All(pair => network.Windows[pair.Key] == pair.Value);

        // In steps of four pixels: the network's stem divides by four.
        var rows = Enumerable.Range(0, 1 + (int)((1 - from) * full.LongerSide / 4))
            .Select(step => full with { Height = Scaled(full.Height, step), Width = Scaled(full.Width, step) })
            .TakeWhile(MeetsSameWindows);
        _shapes = [.. rows.Reverse()];
        _until = until;

        int Scaled(int side, int step) => side - (int)(4L * step * side / full.LongerSide);
    }

    /// <summary>The images when a share of all steps has been done.</summary>
    public ImageShape At(double progress) =>
        _shapes[Math.Min(_shapes.Length - 1, (int)(progress / Math.Max(_until, 1e-9) * (_shapes.Length - 1)))];
}
