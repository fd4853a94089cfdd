using ResNetMLNet.Data.Reading;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Data.Datasets;

/// <summary>
/// Images in memory, each in its own size and type of value, ready to be gathered into batches. Images of one shape
/// lie in one tensor, so that the usual case (all alike) is gathered and resized in one go.
/// </summary>
internal sealed class ImageStore : IDisposable
{
    private readonly Dictionary<ImageShape, ImageGroup> _groups = [];
    private readonly List<(ImageGroup Group, int Row)> _images = [];
    private readonly List<int> _labels = [];
    private readonly List<float> _weights = [];

    // The first thing that reading, for training and for scoring, does with TorchSharp.
    public ImageStore() => TorchRuntime.EnsureLoaded();

    public int Count => _images.Count;

    /// <summary>The bytes that the pixels take.</summary>
    public long Size { get; private set; }

    public void Add(ImageShape shape, PixelType type, ReadOnlySpan<byte> pixels, int label, float weight)
    {
        if (!_groups.TryGetValue(shape, out var group))
        {
            group = new(shape, type);
            _groups.Add(shape, group);
        }

        group.Add(pixels);
        Size += pixels.Length;
        _images.Add((group, group.Count - 1));
        _labels.Add(label);
        _weights.Add(weight);
    }

    /// <summary>
    /// Moves the images to a GPU, where they are gathered faster; leaves them in the host's memory where the GPU's is too small.
    /// </summary>
    public void MoveTo(Device device, long room)
    {
        if (device.type == DeviceType.CPU || Size > room)
        {
            return;
        }

        foreach (var group in _groups.Values)
        {
            try
            {
                group.MoveTo(device);
            }
            catch (Exception e) when (OutOfMemory.Explains(e, out _))
            {
                return;
            }
        }
    }

    /// <summary>Empties it, to be filled again.</summary>
    public void Clear()
    {
        Size = 0;
        _images.Clear();
        _labels.Clear();
        _weights.Clear();
        if (_groups.Count == 1)
        {
            _groups.Values.Single().Clear();
            return;
        }

        // What comes next may have other shapes: their memory would come on top of it.
        Dispose();
        _groups.Clear();
    }

    /// <summary>Some of the images as a batch of raw pixels, which owns its tensors.</summary>
    public ImageBatch Gather(ReadOnlySpan<int> indices, Device device)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var labels = new long[indices.Length];
        var weights = new float[indices.Length];
        var rows = new Dictionary<ImageGroup, (List<long> Rows, List<long> Positions, List<int> Numbers)>();
        for (var i = 0; i < indices.Length; i++)
        {
            var (group, row) = _images[indices[i]];
            labels[i] = _labels[indices[i]];
            weights[i] = _weights[indices[i]];
            if (!rows.TryGetValue(group, out var members))
            {
                rows.Add(group, members = ([], [], []));
            }

            members.Rows.Add(row);
            members.Positions.Add(i);
            members.Numbers.Add(indices[i]);
        }

        var parts = rows
            .Select(pair => pair.Key.Gather([.. pair.Value.Rows]).to(device).DetachFromDisposeScope())
            .ToArray();
        var order = parts.Length == 1 ? null : rows.Values.SelectMany(members => members.Positions).ToArray();
        return new(
            parts, order, tensor(labels).Send(device).DetachFromDisposeScope(), tensor(weights).Send(device).DetachFromDisposeScope())
        {
            Numbers = [.. rows.Values.Select(members => members.Numbers.ToArray())],
        };
    }

    public void Dispose()
    {
        foreach (var group in _groups.Values)
        {
            group.Dispose();
        }
    }
}
