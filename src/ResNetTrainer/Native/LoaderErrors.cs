namespace ResNetMLNet.Native;

/// <summary>What the system's loader says when it cannot load a library.</summary>
internal static class LoaderErrors
{
    // ERROR_COMMITMENT_LIMIT of Windows, whose words are in the user's language.
    private const string PagingFileTooSmall = "0x800705AF";

    public const string MemoryRemedy =
        "There is not enough memory for it: raise the process's limits (ulimit -v, a container's memory; on Windows the paging file). "
        + "Training with libtorch takes 2.5 GB of address space; scoring on the CPU with Microsoft.ML.OnnxRuntime takes less. "
        + "Where memory is not limited, its folder is mounted noexec.";

    /// <summary>Whether memory is the cause, or may be: the loader says the same of a folder that nothing may be executed from.</summary>
    public static bool IsMemory(Exception error) => error is OutOfMemoryException
        || error.Message.Contains("allocate memory", StringComparison.Ordinal)
        || error.Message.Contains("failed to map segment", StringComparison.Ordinal)
        || error.Message.Contains(PagingFileTooSmall, StringComparison.OrdinalIgnoreCase);

    /// <summary>The cause: .NET puts advice about tools in front of what the loader said.</summary>
    public static string Reason(Exception error) =>
        error.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault("");
}
