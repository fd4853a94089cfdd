using System.Numerics;

namespace ResNetMLNet.Data.Datasets;

/// <summary>The bytes that the images of one training may take, training and validation together.</summary>
/// <param name="onHost">In the host's memory.</param>
/// <param name="onDevice">In the memory of the GPU.</param>
internal sealed class ImageMemory(long onHost, long onDevice = long.MaxValue)
{
    public long OnHost { get; private set; } = onHost;

    public long OnDevice { get; private set; } = onDevice;

    /// <summary>What is left where there is least, once a window is given back.</summary>
    public long LeftWith(long window) => Math.Min(OnHost + window, OnDevice);

    /// <summary>Gives back the window of a data set that is not read any more.</summary>
    public void GiveBack(long window) => OnHost += window;

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
    /// Rounds down, by an eighth at most: the window of streamed images is part of a training, and a machine's memory is not the same to
    /// the byte after its kernel has changed.
    /// </summary>
    public static long Round(long bytes) => bytes & -Math.Max(1, (long)BitOperations.RoundUpToPowerOf2((ulong)bytes + 1) >> 4);

    /// <summary>
    /// Lowers it when memory has run out: to a quarter of what could be had, since training wants some too, and to a round number that is
    /// the same from run to run.
    /// </summary>
    public void Limit(long had) => OnHost = Math.Min(OnHost, (long)(BitOperations.RoundUpToPowerOf2((ulong)had / 4 + 1) / 2));
}
