using ResNetMLNet.Data.Reading;
using ResNetMLNet.Network;
using static TorchSharp.torch;

namespace ResNetMLNet.Data.Datasets;

/// <summary>
/// Images of one shape, in blocks of memory: what is there stays where it is when more comes, and nothing is asked for
/// long before it is needed.
/// </summary>
internal sealed class ImageGroup(ImageShape shape, PixelType type) : IDisposable
{
    // So large that the C library maps it by itself and gives it back to the system when it is freed; while a training runs, when that
    // ends (see NativeHeap).
    private const int LargestBlock = 64 << 20;

    private readonly List<Tensor> _blocks = [];

    // The number of the first image of each block.
    private readonly List<int> _starts = [];
    private int _capacity;
    private Tensor? _onDevice;

    public int Count { get; private set; }

    private long ImageSize => (long)shape.Count * (type == PixelType.Byte ? 1 : sizeof(float));

    public void Add(ReadOnlySpan<byte> pixels)
    {
        if (Count == _capacity)
        {
            AddBlock();
        }

        pixels.CopyTo(Image(Count));
        Count++;
    }

    public Tensor Gather(long[] rows)
    {
        if (_onDevice is not null)
        {
            using var indices = tensor(rows).Send(_onDevice.device);
            return _onDevice.index_select(0, indices);
        }

        // Image by image, because a span of .NET ends at two gigabytes.
        var gathered = Allocate(rows.Length);
        for (var i = 0; i < rows.Length; i++)
        {
            using var target = gathered[i];
            Image((int)rows[i]).CopyTo(target.bytes);
        }

        return gathered;
    }

    /// <summary>Moves the images to a GPU, block by block.</summary>
    public void MoveTo(Device device)
    {
        var moved = Allocate(Count, device).DetachFromDisposeScope();
        try
        {
            for (var i = 0; i < _blocks.Count; i++)
            {
                var count = Math.Min(Count - _starts[i], _blocks[i].shape[0]);
                using var target = moved.narrow(0, _starts[i], count);
                using var source = _blocks[i].narrow(0, 0, count);
                target.copy_(source).Dispose();
            }
        }
        catch
        {
            moved.Dispose();
            throw;
        }

        FreeBlocks();
        _onDevice = moved;
    }

    public void Clear() => Count = 0;

    public void Dispose()
    {
        FreeBlocks();
        _onDevice?.Dispose();
    }

    private Span<byte> Image(int row)
    {
        var found = _starts.BinarySearch(row);
        var block = found >= 0 ? found : ~found - 1;
        return _blocks[block].bytes.Slice((int)((row - _starts[block]) * ImageSize), (int)ImageSize);
    }

    // Doubles what there is, up to blocks of a fixed size.
    private void AddBlock()
    {
        var most = (int)Math.Max(1, LargestBlock / ImageSize);
        var count = Math.Clamp(_capacity, Math.Min(4, most), most);
        _blocks.Add(Allocate(count).DetachFromDisposeScope());
        _starts.Add(_capacity);
        _capacity += count;
    }

    private void FreeBlocks()
    {
        _blocks.ForEach(block => block.Dispose());
        _blocks.Clear();
        _starts.Clear();
        _capacity = 0;
    }

    private Tensor Allocate(int count, Device? device = null) => empty(
        [count, shape.Channels, shape.Height, shape.Width],
        type == PixelType.Byte ? ScalarType.Byte : ScalarType.Float32,
        device);
}
