using System.Globalization;

namespace ResNetMLNet.Sample.Commands;

/// <summary>The names of devices on the command line: auto, cpu, cuda, cuda:n.</summary>
internal static class DeviceName
{
    public static bool TryParse(string text, out ComputeDevice device, out int? gpu)
    {
        gpu = null;
        (device, var known) = text switch
        {
            "auto" => (ComputeDevice.Auto, true),
            "cpu" => (ComputeDevice.Cpu, true),
            _ => (ComputeDevice.Cuda, text == "cuda"),
        };
        if (!known && text.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            gpu = number;
            return true;
        }

        return known;
    }
}
