using static TorchSharp.torch;

namespace ResNetMLNet.Network;

/// <summary>Tensors in memory of their own.</summary>
internal static class TensorCopy
{
    /// <summary>
    /// A copy of an array on a device. A tensor that is merely made from an array shares the array's memory, whose alignment differs
    /// from run to run, and with it the last bit of matrix products.
    /// </summary>
    public static Tensor Of(float[] values, long[] shape, Device device) => tensor(values, shape).clone().to(device);
}
