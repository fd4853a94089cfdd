using Microsoft.ML.Runtime;
using TorchSharp;

namespace ResNetMLNet.Hosting;

/// <summary>Chooses the device as ML.NET's context says it: GpuDeviceId and FallbackToCpu.</summary>
internal static class DeviceSelector
{
    /// <exception cref="InvalidOperationException">A GPU was asked for, there is none, and the context does not fall back to the CPU.</exception>
    public static torch.Device Select(IHost host, IChannel channel, ComputeDevice device)
    {
        TorchRuntime.EnsureLoaded();
        var named = MLNet.GpuOf(host);
        if (device == ComputeDevice.Cpu)
        {
            return torch.CPU;
        }

        var count = torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        if ((named ?? 0) < count)
        {
            return torch.device(DeviceType.CUDA, named ?? 0);
        }

        if (device == ComputeDevice.Auto && named is null)
        {
            return torch.CPU;
        }

        var problem = count == 0
            ? "There is no GPU that TorchSharp can use. The application must reference TorchSharp-cuda-windows or TorchSharp-cuda-linux instead of TorchSharp-cpu, and NVIDIA's driver must be installed."
            : $"There is no GPU {named}: there are {count}, counted from 0.";
        if (!MLNet.FallsBackToCpu(host))
        {
            throw host.Error(problem + " Set MLContext.FallbackToCpu, or Device = ComputeDevice.Cpu, to use the CPU.");
        }

        channel.Warn(problem + " The CPU is used instead.");
        return torch.CPU;
    }
}
