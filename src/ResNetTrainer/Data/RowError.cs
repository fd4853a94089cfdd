using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;

namespace ResNetMLNet.Data;

/// <summary>Errors that name what they are about: the column, and the row or the file.</summary>
internal static class RowError
{
    private const string Mark = "ResNetMLNet.Row";

    public static Exception Create(IExceptionContext context, string role, string column, long row, string problem) =>
        Marked(context.Error(Text(role, column, $"row {row}", problem)));

    /// <summary>An error about an image that is not what is wanted.</summary>
    public static Exception Unusable(IExceptionContext context, string message, string? file) =>
        Marked(context.Process(new UnusableImageException(message, file, isUnreadable: false)));

    /// <summary>An error about an image that can be left out.</summary>
    public static Exception Unreadable(IExceptionContext context, string message, string? file, Exception? cause = null) =>
        Marked(context.Process(new UnusableImageException(message, file, isUnreadable: true, cause)));

    public static string Text(string role, string column, string place, string problem) =>
        $"The {role} column '{column}', {place}: {problem}";

    /// <summary>Whether an error names its row or file.</summary>
    public static bool Names(Exception e) => e.Data.Contains(Mark);

    /// <summary>
    /// Whether an error comes from the steps before, and is to be told with the row that failed. No row is to blame for a cancellation, for
    /// memory that runs out, or for a native library that is not there.
    /// </summary>
    public static bool IsUpstream(Exception e) =>
        e is not (OperationCanceledException or DllNotFoundException or TypeInitializationException)
        && !Names(e)
        && !OutOfMemory.Explains(e, out _);

    private static Exception Marked(Exception e)
    {
        e.Data[Mark] = true;
        return e;
    }
}
