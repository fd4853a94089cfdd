using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace ResNetMLNet.Native;

/// <summary>Tells when memory ran out, which libtorch says in its own ways.</summary>
internal static partial class OutOfMemory
{
    /// <summary>Whether an error is about memory, and in words what was asked for.</summary>
    public static bool Explains(Exception e, [NotNullWhen(true)] out string? request)
    {
        request = e.GetBaseException() switch
        {
            OutOfMemoryException => ".NET could not get what it asked for.",
            ExternalException { Message: var message } when Bytes().Match(message) is { Success: true } match =>
                string.Create(CultureInfo.InvariantCulture, $"the CPU's {Mebibytes(match):N0} MiB could not be had for one tensor."),
            ExternalException { Message: var message } when Device().Match(message) is { Success: true } match =>
                $"the GPU could not give {match.Groups[1].Value} for one tensor.",
            ExternalException { Message: var message } when message.Contains("out of memory", StringComparison.OrdinalIgnoreCase) =>
                "the GPU has no more.",
            _ => null,
        };
        return request is not null;
    }

    private static double Mebibytes(Match match) => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) / (1 << 20);

    // DefaultCPUAllocator of libtorch, on Linux and on Windows.
    [GeneratedRegex(
        @"DefaultCPUAllocator: (?:can't allocate memory: you tried to allocate|not enough memory: you tried to allocate) (\d+) bytes")]
    private static partial Regex Bytes();

    // CUDACachingAllocator.
    [GeneratedRegex(@"out of memory\. Tried to allocate ([\d.]+ [KMG]iB)")]
    private static partial Regex Device();
}
