using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data;

/// <summary>
/// Resizing of single images on the host, without anything native: as <see cref="Resizing"/> does it for batches on the device, to the
/// rounding of floats. Reads the image row by row and computes only what will be seen, so that large images and such that are all length
/// take little memory. Keeps its buffers; not thread-safe.
/// </summary>
internal sealed class HostResizer
{
    // What a vector of the processor takes at once: images have one channel or three.
    private const int Channels = 4;

    private readonly Dictionary<Side, Kernel> _kernels = [];
    private Vector128<float>[] _row = [];
    private Vector128<float>[] _narrowed = [];
    private Vector128<float>[] _result = [];

    /// <summary>An image to planes of another height and width: centred; what juts out is cut off, what is left free is black.</summary>
    public void Resize<TRows>(TRows source, ImageShape from, Span<float> target, ImageShape to, ResizeMode mode)
        where TRows : IPixelRows, allows ref struct
    {
        var size = from == to ? new(to.Height, to.Width) : ScaledSize.Of(from.Height, from.Width, to.Height, to.Width, mode);
        var (height, width) = (Math.Min(size.Height, to.Height), Math.Min(size.Width, to.Width));
        var along = KernelOf(new(from.Width, size.Width, width));
        var down = KernelOf(new(from.Height, size.Height, height));
        var row = GrowingBuffer.Grow(ref _row, from.Width);
        var narrowed = GrowingBuffer.Grow(ref _narrowed, width);
        var result = GrowingBuffer.Grow(ref _result, height * width);
        result.Clear();
        var first = 0;
        for (var y = down.First(0); y < down.End(height - 1); y++)
        {
            source.Read(y, row);
            along.Apply(row, narrowed);
            while (down.End(first) <= y)
            {
                first++;
            }

            // The rows of the result that this one has a part in.
            for (var i = first; i < height && down.First(i) <= y; i++)
            {
                var line = Floats(result.Slice(i * width, width));
                TensorPrimitives.MultiplyAdd(Floats(narrowed), down.Weight(i, y), line, line);
            }
        }

        target.Clear();
        for (var channel = 0; channel < to.Channels; channel++)
        {
            var corner = (((channel * to.Height) + ((to.Height - height) / 2)) * to.Width) + ((to.Width - width) / 2);
            for (var y = 0; y < height; y++)
            {
                Separate(result.Slice(y * width, width), channel, target.Slice(corner + (y * to.Width), width));
            }
        }
    }

    private static void Separate(ReadOnlySpan<Vector128<float>> pixels, int channel, Span<float> line)
    {
        var values = MemoryMarshal.Cast<Vector128<float>, float>(pixels)[channel..];
        for (var x = 0; x < line.Length; x++)
        {
            line[x] = values[Channels * x];
        }
    }

    private static Span<float> Floats(Span<Vector128<float>> pixels) => MemoryMarshal.Cast<Vector128<float>, float>(pixels);

    private Kernel KernelOf(Side side)
    {
        if (!_kernels.TryGetValue(side, out var kernel))
        {
            // Images of ever new sizes must not pile up.
            if (_kernels.Count >= 64)
            {
                _kernels.Clear();
            }

            _kernels.Add(side, kernel = new(side));
        }

        return kernel;
    }

    /// <summary>A side of an image: its pixels, those that it is scaled to, and how many of these are seen, in the middle.</summary>
    internal readonly record struct Side(int From, int To, int Seen);

    /// <summary>
    /// The weights of the source pixels in each target pixel along one side: a triangle as wide as a target pixel, or as a source pixel
    /// where those are wider (Pillow's and PyTorch's antialiased bilinear filter).
    /// </summary>
    internal sealed class Kernel
    {
        private readonly int[] _first;
        private readonly float[][] _weights;

        public Kernel(Side side)
        {
            var scale = (double)side.From / side.To;
            var support = Math.Max(scale, 1);
            _first = new int[side.Seen];
            _weights = new float[side.Seen][];
            for (var target = 0; target < side.Seen; target++)
            {
                var centre = scale * (((side.To - side.Seen) / 2) + target + 0.5);
                var first = Math.Max((int)(centre - support + 0.5), 0);
                var end = Math.Min((int)(centre + support + 0.5), side.From);
                var weights = new double[end - first];
                for (var i = 0; i < weights.Length; i++)
                {
                    weights[i] = Math.Max(0, 1 - (Math.Abs(first + i + 0.5 - centre) / support));
                }

                var sum = weights.Sum();
                _first[target] = first;
                _weights[target] = Array.ConvertAll(weights, weight => (float)(weight / sum));
            }
        }

        public int First(int target) => _first[target];

        public int End(int target) => _first[target] + _weights[target].Length;

        public float Weight(int target, int pixel) => _weights[target][pixel - _first[target]];

        public void Apply(ReadOnlySpan<Vector128<float>> source, Span<Vector128<float>> target)
        {
            for (var i = 0; i < target.Length; i++)
            {
                var weights = _weights[i];
                var pixels = source.Slice(_first[i], weights.Length);
                var sum = Vector128<float>.Zero;
                for (var k = 0; k < weights.Length && k < pixels.Length; k++)
                {
                    sum += pixels[k] * weights[k];
                }

                target[i] = sum;
            }
        }
    }
}
