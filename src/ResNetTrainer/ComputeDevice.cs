namespace ResNetMLNet;

/// <summary>Where a network computes.</summary>
public enum ComputeDevice
{
    /// <summary>
    /// The GPU that <see cref="Microsoft.ML.MLContext.GpuDeviceId"/> names; where none is named, the first GPU if there is one,
    /// else the CPU.
    /// </summary>
    Auto,

    /// <summary>The CPU.</summary>
    Cpu,

    /// <summary>The GPU that <see cref="Microsoft.ML.MLContext.GpuDeviceId"/> names, else the first.</summary>
    Cuda,
}

/// <summary>What the convolutions compute in during training. Weights, gradients' sums and optimizer state are float32 always.</summary>
public enum ComputePrecision
{
    /// <summary>
    /// bfloat16 where the hardware has it natively (CPU: AVX512_BF16 or AMX; CUDA: compute capability 8.0 and up), else float32.
    /// </summary>
    Auto,

    /// <summary>
    /// 32-bit floating point. On a CPU with AVX2, on Linux or with a single thread, the recipes Fast and Best compute convolutions of 3x3
    /// by Winograd's algorithm, F(4x4, 3x3) of Lavin and Gray (2016), in one process: a step takes a sixth to a third less time (with
    /// AVX-512 up to an eighth less); the results are the same but for rounding.
    /// </summary>
    Float32,

    /// <summary>bfloat16: the range of float32 with 8 bits of precision.</summary>
    BFloat16,
}
