using TorchSharp;

namespace ResNetMLNet.Tests.Support;

/// <summary>What libtorch holds for .NET.</summary>
internal static class NativeTensors
{
    /// <summary>
    /// How many tensors there are, without those that other tests left to the garbage collector: they vanish at any moment.
    /// </summary>
    public static long Count()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return torch.Tensor.TotalCount;
    }
}
