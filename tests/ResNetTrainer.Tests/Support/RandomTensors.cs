using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Support;

/// <summary>Tensors that are the same in each run.</summary>
internal static class RandomTensors
{
    /// <summary>Numbers of a standard normal distribution, in float32.</summary>
    public static Tensor Normal(long[] shape, ulong seed)
    {
        using var generator = new Generator(seed, CPU);
        return randn(shape, generator: generator);
    }
}
