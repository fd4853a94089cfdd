using ResNetMLNet.Native;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Data;

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
    private readonly int? _expected;

    /// <param name="expected">The number of images to come, where it is known: saves growing step by step.</param>
    public ImageStore(long? expected = null)
    {
        // The first thing that reading, for training and for scoring, does with TorchSharp.
        TorchRuntime.EnsureLoaded();
        _expected = (int?)expected;
    }

    public int Count => _images.Count;

    /// <summary>The bytes that the pixels take.</summary>
    public long Size => _groups.Values.Sum(group => group.Size);

    public void Add(ImageShape shape, PixelType type, ReadOnlySpan<byte> pixels, int label, float weight)
    {
        if (!_groups.TryGetValue(shape, out var group))
        {
            group = new(shape, type, _groups.Count == 0 ? _expected : null);
            _groups.Add(shape, group);
        }

        _images.Add((group, group.Count));
        _labels.Add(label);
        _weights.Add(weight);
        group.Add(pixels);
    }

    public void MoveTo(Device device)
    {
        foreach (var group in _groups.Values)
        {
            group.MoveTo(device);
        }
    }

    public void Clear()
    {
        _images.Clear();
        _labels.Clear();
        _weights.Clear();
        foreach (var group in _groups.Values)
        {
            group.Clear();
        }
    }

    /// <summary>Some of the images as a batch of raw pixels, which owns its tensors.</summary>
    public ImageBatch Gather(ReadOnlySpan<int> indices, Device device)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var labels = new long[indices.Length];
        var weights = new float[indices.Length];
        var rows = new Dictionary<ImageGroup, (List<long> Rows, List<long> Positions)>();
        for (var i = 0; i < indices.Length; i++)
        {
            var (group, row) = _images[indices[i]];
            labels[i] = _labels[indices[i]];
            weights[i] = _weights[indices[i]];
            if (!rows.TryGetValue(group, out var members))
            {
                rows.Add(group, members = ([], []));
            }

            members.Rows.Add(row);
            members.Positions.Add(i);
        }

        var parts = rows
            .Select(pair => pair.Key.Gather([.. pair.Value.Rows]).to(device).DetachFromDisposeScope())
            .ToArray();
        var order = parts.Length == 1 ? null : rows.Values.SelectMany(members => members.Positions).ToArray();
        return new(parts, order, tensor(labels).to(device).DetachFromDisposeScope(), tensor(weights).to(device).DetachFromDisposeScope());
    }

    public void Dispose()
    {
        foreach (var group in _groups.Values)
        {
            group.Dispose();
        }
    }
}
