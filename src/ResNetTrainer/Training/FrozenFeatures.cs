using ResNetMLNet.Data;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Distributed;
using ResNetMLNet.Network;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>
/// What the layers before the linear one make of the images of a data set. Where these are frozen and images are not changed at random, it
/// is the same in each epoch: computed once, it leaves an epoch the linear layer alone.
/// </summary>
internal sealed class FrozenFeatures : ImageDataset
{
    // For the forward pass alone: more gains nothing and takes memory.
    private const int BatchSize = 64;

    private readonly Tensor _features;
    private readonly Tensor _labels;
    private readonly Tensor _weights;

    private FrozenFeatures(InputFormat format, ImageDataset images, (Tensor Features, Tensor Labels, Tensor Weights) all)
        : base(format, images.Device, images.Statistics) => (_features, _labels, _weights) = all;

    public override long? Window => null;

    /// <summary>The bytes that the features of so many images take.</summary>
    public static long SizeOf(NetworkPlan network, long images) => images * network.Features * sizeof(float);

    /// <summary>
    /// Runs all images through the network, in the data's own order, so that the result is the same in each run. Of several processes each
    /// does its share; all get all.
    /// </summary>
    /// <param name="network">The network, in evaluation.</param>
    /// <param name="images">The images; still needed by nobody but their owner.</param>
    /// <param name="group">The processes.</param>
    /// <param name="betweenBatches">Called after each batch with the number of images so far; may throw to stop.</param>
    public static FrozenFeatures Of(TrainableNetwork network, ImageDataset images, ProcessGroup group, Action<long> betweenBatches)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var (count, length) = (images.Count, network.Plan.Features);
        var features = zeros([count, length, 1, 1], ScalarType.Float32, images.Device);
        var labels = zeros([count], ScalarType.Int64, images.Device);
        var weights = zeros([count], ScalarType.Float32, images.Device);
        var at = 0L;
        var share = new Share(group.Rank, group.Size);
        foreach (var batch in images.Batches(BatchSize * group.Size, shuffle: null, share: share))
        {
            var size = (int)Math.Min(BatchSize * group.Size, count - at);
            using (batch)
            {
                using var step = NewDisposeScope();
                if (batch.Count > 0)
                {
                    var start = at + share.Of(size).Start;
                    features.narrow(0, start, batch.Count).copy_(network.Features(batch.ToInput(images.Format)));
                    labels.narrow(0, start, batch.Count).copy_(batch.Labels);
                    weights.narrow(0, start, batch.Count).copy_(batch.Weights);
                }

                group.AllReduce(features.narrow(0, at, size));
                at += size;
            }

            betweenBatches(at);
        }

        group.AllReduce(labels);
        group.AllReduce(weights);

        var format = new InputFormat(new(length, 1, 1), Resizes: false, ResizeMode.Stretch) { IsFeatures = true };
        return new(
            format, images, (features.DetachFromDisposeScope(), labels.DetachFromDisposeScope(), weights.DetachFromDisposeScope()));
    }

    public override IEnumerable<ImageBatch> Batches(int batchSize, long? shuffle, long skip = 0, Share? share = null) =>
        BatchOrder.Of((int)Count, batchSize, shuffle, skip, share).Select(rows => Gather(rows));

    public override void Dispose()
    {
        _features.Dispose();
        _labels.Dispose();
        _weights.Dispose();
    }

    private ImageBatch Gather(ReadOnlySpan<int> rows)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var indices = tensor(rows.ToArray()).Send(Device);
        return new(
            [_features.index_select(0, indices).DetachFromDisposeScope()],
            order: null,
            _labels.index_select(0, indices).DetachFromDisposeScope(),
            _weights.index_select(0, indices).DetachFromDisposeScope());
    }
}
