using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;
using TorchSharp;

namespace ResNetMLNet.Native;

/// <summary>Chooses the device as ML.NET's context says it: GpuDeviceId and FallbackToCpu.</summary>
internal static class DeviceSelector
{
    /// <summary>The number of the GPU to use; null for the CPU.</summary>
    /// <param name="context">The context: hosts have the settings as they were when the host was made.</param>
    /// <param name="channel">Where a warning goes.</param>
    /// <param name="device">What is wanted.</param>
    /// <param name="place">
    /// Which of the processes on this machine that train together this one is, from 0: where the context names no GPU, each takes another.
    /// </param>
    /// <exception cref="InvalidOperationException">
    /// A GPU was asked for, there is none, and the context does not fall back to the CPU.
    /// </exception>
    public static int? SelectGpu(IHostEnvironment context, IChannel channel, ComputeDevice device, int place = 0)
    {
        if (device == ComputeDevice.Cpu)
        {
            return null;
        }

        var named = Internals.GpuOf(context);
        var count = CountGpus();
        if (named is null or >= 0 && (named ?? 0) < count)
        {
            return named ?? (place % count);
        }

        if (device == ComputeDevice.Auto && named is null)
        {
            return null;
        }

        var problem = count == 0
            ? "There is no GPU that TorchSharp can use. The application must reference TorchSharp-cuda-windows or "
                + "TorchSharp-cuda-linux instead of TorchSharp-cpu, and NVIDIA's driver must be installed."
            : $"There is no GPU {named}: there are {count}, counted from 0.";
        if (!Internals.FallsBackToCpu(context))
        {
            throw context.Error(problem + " Set MLContext.FallbackToCpu, or Device = ComputeDevice.Cpu, to use the CPU.");
        }

        channel.Warn(problem + " The CPU is used instead.");
        return null;
    }

    /// <summary>The device as TorchSharp has it, which must have been loaded.</summary>
    public static torch.Device ToDevice(int? gpu) => gpu is { } index ? torch.device(DeviceType.CUDA, index) : torch.CPU;

    // An application that only scores on the CPU has no libtorch at all, and one with libtorch for the CPU need not load it to be told.
    private static int CountGpus()
    {
        if (!TorchRuntime.HasCuda)
        {
            return 0;
        }

        TorchRuntime.EnsureLoaded();
        return torch.cuda.is_available() ? torch.cuda.device_count() : 0;
    }
}
