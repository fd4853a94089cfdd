using System.Numerics;

namespace ResNetMLNet.Data;

/// <summary>The bytes that the images of one training may take, training and validation together.</summary>
/// <param name="onHost">In the host's memory.</param>
/// <param name="onDevice">In the memory of the GPU.</param>
internal sealed class ImageMemory(long onHost, long onDevice = long.MaxValue)
{
    public long OnHost { get; private set; } = onHost;

    public long OnDevice { get; private set; } = onDevice;

    /// <summary>What is left where there is least.</summary>
    public long Left => Math.Min(OnHost, OnDevice);

    /// <summary>Takes off what a data set occupies, wherever it is.</summary>
    public void Take(long bytes) => (OnHost, OnDevice) = (Math.Max(0, OnHost - bytes), Math.Max(0, OnDevice - bytes));

    /// <summary>Takes what is left, as the window of a data set that is streamed.</summary>
    public long TakeAll()
    {
        var all = OnHost;
        OnHost = 0;
        return all;
    }

    /// <summary>
    /// Lowers it when memory has run out: to a quarter of what could be had, since training wants some too, and to a round number that is
    /// the same from run to run.
    /// </summary>
    public void Limit(long had) => OnHost = Math.Min(OnHost, (long)(BitOperations.RoundUpToPowerOf2((ulong)had / 4 + 1) / 2));
}
