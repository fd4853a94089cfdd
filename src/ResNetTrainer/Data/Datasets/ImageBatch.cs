using ResNetMLNet.Network;
using static TorchSharp.torch;

namespace ResNetMLNet.Data.Datasets;

/// <summary>
/// A batch of raw pixels on the device and its classes. Owns its tensors.
/// </summary>
/// <param name="parts">Images of one shape each: (images, channels, height, width), bytes or floats.</param>
/// <param name="order">The place in the batch of each image of the parts in turn; null when there is one part in order.</param>
/// <param name="labels">The class of each image, int64.</param>
/// <param name="weights">How much each image counts, float32.</param>
internal sealed class ImageBatch(Tensor[] parts, long[]? order, Tensor labels, Tensor weights) : IDisposable
{
    public Tensor Labels => labels;

    /// <summary>The number of each image of the parts in the data, by which it is known again; null where they have none.</summary>
    public int[][]? Numbers { get; init; }

    /// <summary>The number of each image in the data, in the order of the batch; not where they have none.</summary>
    public int[] NumbersInOrder
    {
        get
        {
            var numbers = Numbers!.SelectMany(part => part).ToArray();
            if (order is not null)
            {
                Array.Sort([.. order], numbers);
            }

            return numbers;
        }
    }

    public Tensor Weights => weights;

    public long Count => labels.shape[0];

    /// <summary>The batch as the network sees it.</summary>
    /// <param name="format">What the network sees.</param>
    /// <param name="augment">What is done to the raw pixels of each part, by its number, before they are resized, if anything.</param>
    public Tensor ToInput(InputFormat format, Func<Tensor, int, Tensor>? augment = null)
    {
        var inputs = parts.Select((part, i) => Resizing.ToInput(augment is null ? part : augment(part, i), format)).ToArray();
        return order is null ? inputs[0] : cat(inputs).index_select(0, tensor(order).argsort().Send(labels.device));
    }

    public void Dispose()
    {
        foreach (var part in parts)
        {
            part.Dispose();
        }

        labels.Dispose();
        weights.Dispose();
    }
}
