using ResNetMLNet.Network;
using static TorchSharp.torch;

namespace ResNetMLNet.Training.Augmenting;

/// <summary>What happens along one side of each image of a batch.</summary>
/// <param name="count">The images.</param>
/// <param name="side">The side's length in pixels.</param>
/// <param name="reflects">Whether the image is mirrored beyond its edges.</param>
internal sealed class ImageAxis(int count, int side, bool reflects)
{
    private readonly (int Start, int End)[] _erased = new (int, int)[count];
    private readonly int[] _shift = new int[count];

    public bool[] Flip { get; } = new bool[count];

    public void DrawShift(int image, Random random, double share)
    {
        var most = Math.Max(1, (int)((side * share) + 0.5));
        _shift[image] = random.Next(-most, most + 1);
    }

    /// <summary>The pixels of a share of the side.</summary>
    public int Part(double share) => Math.Max(1, (int)(side * share));

    public bool Fits(int erased) => erased <= side;

    public void DrawErased(int image, Random random, int erased, bool beyondEdges)
    {
        var start = beyondEdges ? random.Next(-erased / 2, side - (erased / 2)) : random.Next(side - erased + 1);
        _erased[image] = (start, start + erased);
    }

    public (Tensor Source, Tensor Outside, Tensor Erased) ToTensors(Device device)
    {
        var source = new long[count * side];
        var outside = new bool[count * side];
        var erased = new bool[count * side];
        for (var i = 0; i < count; i++)
        {
            for (var target = 0; target < side; target++)
            {
                var from = (Flip[i] ? side - 1 - target : target) - _shift[i];
                var at = (i * side) + target;
                outside[at] = !reflects && (from < 0 || from >= side);
                source[at] = Math.Clamp(reflects ? Reflected(from) : from, 0, side - 1);
                erased[at] = target >= _erased[i].Start && target < _erased[i].End;
            }
        }

        long[] shape = [count, side];
        return (tensor(source, shape).Send(device), tensor(outside, shape).Send(device), tensor(erased, shape).Send(device));
    }

    // The pixel at the edge is not repeated.
    private int Reflected(int from) => from < 0 ? -from : from >= side ? (2 * (side - 1)) - from : from;
}
