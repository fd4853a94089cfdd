using TorchSharp;

namespace ResNetMLNet.Native;

/// <summary>
/// Whether a GPU may compute products of float32 with 10 bits of precision (NVIDIA's TF32): a switch of the whole process, which is put
/// back when those who set it are done. Of several at once the last decides.
/// </summary>
internal static class Tf32
{
    private static readonly Lock Gate = new();
    private static readonly List<Use> Uses = [];
    private static (bool Products, bool Convolutions) _before;

    /// <param name="device">Where the products are computed; on the CPU there is nothing to switch.</param>
    /// <param name="allowed">Whether it may.</param>
    /// <returns>To be disposed when the products are done; null on the CPU.</returns>
    public static IDisposable? Allow(torch.Device device, bool allowed) => device.type == DeviceType.CUDA ? Allow(allowed) : null;

    public static IDisposable Allow(bool allowed)
    {
        lock (Gate)
        {
            if (Uses.Count == 0)
            {
                _before = (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32);
            }

            var use = new Use(allowed);
            Uses.Add(use);
            Set();
            return new OnDispose(() => End(use));
        }
    }

    private static void End(Use use)
    {
        lock (Gate)
        {
            Uses.Remove(use);
            Set();
        }
    }

    private static void Set()
    {
        var now = Uses is [.., var last] ? (last.Allowed, last.Allowed) : _before;
        (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32) = now;
    }

    private sealed class Use(bool allowed)
    {
        public bool Allowed => allowed;
    }
}
