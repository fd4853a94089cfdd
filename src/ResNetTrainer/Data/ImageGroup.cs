using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Data;

/// <summary>A growing tensor of images of one shape.</summary>
internal sealed class ImageGroup : IDisposable
{
    private readonly ImageShape _shape;
    private readonly PixelType _type;
    private Tensor _pixels;
    private int _capacity;

    public ImageGroup(ImageShape shape, PixelType type, int? expected)
    {
        _shape = shape;
        _type = type;
        _capacity = Math.Max(1, expected ?? 64);
        _pixels = Allocate(_capacity);
    }

    public int Count { get; private set; }

    public long Size => Count * ImageSize;

    private long ImageSize => (long)_shape.Count * (_type == PixelType.Byte ? 1 : sizeof(float));

    public void Add(ReadOnlySpan<byte> pixels)
    {
        if (Count == _capacity)
        {
            Grow();
        }

        // Row by row, because a span of .NET ends at two gigabytes.
        using var row = _pixels[Count];
        pixels.CopyTo(row.bytes);
        Count++;
    }

    public Tensor Gather(long[] rows)
    {
        using var indices = tensor(rows).to(_pixels.device);
        return _pixels.index_select(0, indices);
    }

    public void MoveTo(Device device)
    {
        if (_pixels.device_type != device.type)
        {
            using var host = _pixels;
            using var used = host.narrow(0, 0, Count);
            _pixels = used.to(device).DetachFromDisposeScope();
            _capacity = Count;
        }
    }

    public void Clear() => Count = 0;

    public void Dispose() => _pixels.Dispose();

    private void Grow()
    {
        _capacity = (int)Math.Min(2L * _capacity, int.MaxValue);
        using var old = _pixels;
        _pixels = Allocate(_capacity);
        using var filled = _pixels.narrow(0, 0, Count);
        using var used = old.narrow(0, 0, Count);
        filled.copy_(used);
    }

    // Memory that is only asked for, not written to, costs nothing yet.
    private Tensor Allocate(int count) =>
        empty(
            [count, _shape.Channels, _shape.Height, _shape.Width],
            _type == PixelType.Byte ? ScalarType.Byte : ScalarType.Float32).DetachFromDisposeScope();
}
