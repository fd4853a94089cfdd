using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Network;

/// <summary>Between arrays, windows and tensors.</summary>
internal static class Tensors
{
    /// <summary>
    /// A number that stays. One that TorchSharp makes of a literal, or of an argument left out, may be collected while it is used: it is
    /// held until the native call has its handle, but not until the call returns.
    /// </summary>
    public static readonly Scalar One = 1.ToScalar();

    /// <summary>
    /// A copy of an array on a device. A tensor that is merely made from an array shares the array's memory, whose alignment differs
    /// from run to run, and with it the last bit of matrix products.
    /// </summary>
    public static Tensor Copy(float[] values, long[] shape, Device device) => tensor(values, shape).clone().to(device);

    /// <summary>
    /// A few numbers of the host on a device. Nobody waits for a GPU: it gets a copy in pinned memory once it has done what it was given
    /// before, and the host goes on to the next step. Not for images: libtorch copies that much into pinned memory with all its threads,
    /// which was measured to be slower than waiting.
    /// </summary>
    public static Tensor Send(this Tensor values, Device device)
    {
        if (values.device_type == device.type)
        {
            return values.to(device);
        }

        using var pinned = values.pin_memory();
        return pinned.to(device, non_blocking: true);
    }

    /// <summary>
    /// The same values (batch, channels, height, width), the channels of a pixel one after the other in memory: what the tensor cores of a
    /// GPU compute with. What a convolution puts out lies as its weights do, or as what it sees.
    /// </summary>
    public static Tensor ChannelsLast(Tensor values)
    {
        if (values.shape[1] > 1)
        {
            return values.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        }

        // Of a single channel, both orders are the same values; which of them it is, is in the strides.
        var (height, width) = (values.shape[2], values.shape[3]);
        var lined = values.contiguous();
        return lined.as_strided(values.shape, [height * width, 1, width, 1], lined.storage_offset());
    }

    /// <summary>Every so many pixels of (batch, channels, height, width), in the order in memory that they have.</summary>
    public static Tensor Every(int stride, Tensor values)
    {
        // The gradient of a slice lies as the slice's dimensions do, whatever the order of the values.
        static Tensor Slices(Tensor values, int from, int stride) => values
            .slice(from, 0, values.shape[from], stride).slice(from + 1, 0, values.shape[from + 1], stride).contiguous();
        return values.shape[1] > 1 && values.stride(1) == 1
            ? Slices(values.permute(0, 2, 3, 1), from: 1, stride).permute(0, 3, 1, 2)
            : Slices(values, from: 2, stride);
    }

    /// <summary>A copy of images that lie one after the other: (images, channels, height, width).</summary>
    public static Tensor Copy(ReadOnlySpan<float> images, ImageShape shape, Device device)
    {
        var copy = empty([images.Length / shape.Count, shape.Channels, shape.Height, shape.Width]);
        MemoryMarshal.AsBytes(images).CopyTo(copy.bytes);
        return copy.to(device);
    }

    /// <summary>The part of a kernel (outputs, inputs, height, width) that a window shows, as a view.</summary>
    public static Tensor View(this KernelWindow window, Tensor kernel) => kernel
        .narrow(2, window.Vertical.First, window.Vertical.Count)
        .narrow(3, window.Horizontal.First, window.Horizontal.Count);
}
