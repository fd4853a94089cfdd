namespace ResNetMLNet.Tests.Support;

/// <summary>
/// Where the tests train and score: on the CPU, unless the environment variable TEST_DEVICE names another device. On a GPU those tests
/// fail that ask for the same model to the bit.
/// </summary>
internal static class TestDevice
{
    public static ComputeDevice Value { get; } =
        Environment.GetEnvironmentVariable("TEST_DEVICE") is { Length: > 0 } name ? Enum.Parse<ComputeDevice>(name, ignoreCase: true)
        : ComputeDevice.Cpu;
}
