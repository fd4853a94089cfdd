using System.Numerics.Tensors;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data;

/// <summary>
/// Resizing of single images on the host, without anything native: as <see cref="Resizing"/> does it for batches on the device, to the
/// rounding of floats. Keeps its buffers; not thread-safe.
/// </summary>
internal sealed class HostResizer
{
    private readonly Dictionary<(int From, int To), Kernel> _kernels = [];
    private float[] _narrowed = [];
    private float[] _scaled = [];

    /// <summary>Planes (channels, height, width) to planes of another height and width.</summary>
    public void Resize(ReadOnlySpan<float> source, ImageShape from, Span<float> target, ImageShape to, ResizeMode mode)
    {
        if (from == to)
        {
            source.CopyTo(target);
            return;
        }

        var size = ScaledSize.Of(from.Height, from.Width, to.Height, to.Width, mode);
        Grow(ref _narrowed, from.Height * size.Width);
        Grow(ref _scaled, size.Height * size.Width);
        for (var channel = 0; channel < from.Channels; channel++)
        {
            Scale(source.Slice(channel * from.Height * from.Width, from.Height * from.Width), from.Height, from.Width, size);
            Place(size, target.Slice(channel * to.Height * to.Width, to.Height * to.Width), to);
        }
    }

    // Along the rows, then down the columns: the result is in _scaled.
    private void Scale(ReadOnlySpan<float> plane, int height, int width, ScaledSize size)
    {
        var along = KernelOf(width, size.Width);
        for (var y = 0; y < height; y++)
        {
            along.Apply(plane.Slice(y * width, width), _narrowed.AsSpan(y * size.Width, size.Width));
        }

        var down = KernelOf(height, size.Height);
        for (var y = 0; y < size.Height; y++)
        {
            var row = _scaled.AsSpan(y * size.Width, size.Width);
            row.Clear();
            var (first, weights) = down[y];
            for (var i = 0; i < weights.Length; i++)
            {
                TensorPrimitives.MultiplyAdd(_narrowed.AsSpan((first + i) * size.Width, size.Width), weights[i], row, row);
            }
        }
    }

    // Centred; what juts out is cut off, what is left free is black.
    private void Place(ScaledSize size, Span<float> target, ImageShape to)
    {
        target.Clear();
        var (height, width) = (Math.Min(size.Height, to.Height), Math.Min(size.Width, to.Width));
        for (var y = 0; y < height; y++)
        {
            var source = (((size.Height - height) / 2 + y) * size.Width) + ((size.Width - width) / 2);
            _scaled.AsSpan(source, width).CopyTo(target[((((to.Height - height) / 2 + y) * to.Width) + ((to.Width - width) / 2))..]);
        }
    }

    private Kernel KernelOf(int from, int to)
    {
        if (!_kernels.TryGetValue((from, to), out var kernel))
        {
            // Images of ever new sizes must not pile up.
            if (_kernels.Count >= 64)
            {
                _kernels.Clear();
            }

            _kernels.Add((from, to), kernel = new(from, to));
        }

        return kernel;
    }

    private static void Grow(ref float[] buffer, int size)
    {
        if (buffer.Length < size)
        {
            buffer = new float[size];
        }
    }

    /// <summary>
    /// The weights of the source pixels in each target pixel along one side: a triangle as wide as a target pixel, or as a source pixel
    /// where those are wider (Pillow's and PyTorch's antialiased bilinear filter).
    /// </summary>
    private sealed class Kernel
    {
        private readonly int[] _first;
        private readonly float[][] _weights;

        public Kernel(int from, int to)
        {
            var scale = (double)from / to;
            var support = Math.Max(scale, 1);
            _first = new int[to];
            _weights = new float[to][];
            for (var target = 0; target < to; target++)
            {
                var centre = scale * (target + 0.5);
                var first = Math.Max((int)(centre - support + 0.5), 0);
                var end = Math.Min((int)(centre + support + 0.5), from);
                var weights = Enumerable.Range(first, end - first)
                    .Select(pixel => Math.Max(0, 1 - (Math.Abs(pixel + 0.5 - centre) / support)))
                    .ToArray();
                var sum = weights.Sum();
                _first[target] = first;
                _weights[target] = [.. weights.Select(weight => (float)(weight / sum))];
            }
        }

        public (int First, float[] Weights) this[int target] => (_first[target], _weights[target]);

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
