using System.Numerics.Tensors;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data;

/// <summary>
/// Resizing of single images on the host, without anything native: as <see cref="Resizing"/> does it for batches on the device, to the
/// rounding of floats. Reads the image row by row and computes only what will be seen, so that large images and such that are all length
/// take little memory. Keeps its buffers; not thread-safe.
/// </summary>
internal sealed class HostResizer
{
    private readonly Dictionary<Side, Kernel> _kernels = [];
    private float[] _row = [];
    private float[] _narrowed = [];

    /// <summary>An image to planes of another height and width: centred; what juts out is cut off, what is left free is black.</summary>
    public void Resize<TRows>(TRows source, ImageShape from, Span<float> target, ImageShape to, ResizeMode mode)
        where TRows : IPixelRows, allows ref struct
    {
        var size = from == to ? new(to.Height, to.Width) : ScaledSize.Of(from.Height, from.Width, to.Height, to.Width, mode);
        var (height, width) = (Math.Min(size.Height, to.Height), Math.Min(size.Width, to.Width));
        var along = KernelOf(new(from.Width, size.Width, width));
        var down = KernelOf(new(from.Height, size.Height, height));
        var row = Grow(ref _row, from.Width);
        var narrowed = Grow(ref _narrowed, width);
        target.Clear();
        for (var channel = 0; channel < from.Channels; channel++)
        {
            var corner = (((channel * to.Height) + ((to.Height - height) / 2)) * to.Width) + ((to.Width - width) / 2);
            var first = 0;
            for (var y = down.First(0); y < down.End(height - 1); y++)
            {
                source.Read(channel, y, row);
                along.Apply(row, narrowed);
                while (down.End(first) <= y)
                {
                    first++;
                }

                // The rows of the result that this one has a part in.
                for (var i = first; i < height && down.First(i) <= y; i++)
                {
                    var line = target.Slice(corner + (i * to.Width), width);
                    TensorPrimitives.MultiplyAdd(narrowed, down.Weight(i, y), line, line);
                }
            }
        }
    }

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

    private static Span<float> Grow(ref float[] buffer, int size)
    {
        if (buffer.Length < size)
        {
            buffer = new float[size];
        }

        return buffer.AsSpan(0, size);
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
                var weights = Enumerable.Range(first, end - first)
                    .Select(pixel => Math.Max(0, 1 - (Math.Abs(pixel + 0.5 - centre) / support)))
                    .ToArray();
                var sum = weights.Sum();
                _first[target] = first;
                _weights[target] = [.. weights.Select(weight => (float)(weight / sum))];
            }
        }

        public int First(int target) => _first[target];

        public int End(int target) => _first[target] + _weights[target].Length;

        public float Weight(int target, int pixel) => _weights[target][pixel - _first[target]];

        public void Apply(ReadOnlySpan<float> source, Span<float> target)
        {
            for (var i = 0; i < target.Length; i++)
            {
                var weights = _weights[i];
                target[i] = TensorPrimitives.Dot(source.Slice(_first[i], weights.Length), weights);
            }
        }
    }
}
