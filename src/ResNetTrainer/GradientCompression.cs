namespace ResNetMLNet;

/// <summary>How processes that train together send gradients to each other.</summary>
public enum GradientCompression
{
    /// <summary>As they are, in float32.</summary>
    None,

    /// <summary>
    /// Rounded to bfloat16, which are half the bytes, and added up in float32: for networks that are slower than the processors.
    /// </summary>
    BFloat16,
}
