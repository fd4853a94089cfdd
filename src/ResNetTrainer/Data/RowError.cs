using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;

namespace ResNetMLNet.Data;

/// <summary>Errors that name what they are about: the column, and the row or the file.</summary>
internal static class RowError
{
    private const string Mark = "ResNetMLNet.Row";
    private const string UnreadableMark = "ResNetMLNet.Unreadable";

    public static Exception Create(IExceptionContext context, string role, string column, long row, string problem) =>
        Create(context, role, column, $"row {row}", problem);

    public static Exception Create(IExceptionContext context, string role, string column, string place, string problem) =>
        Marked(context.Error($"The {role} column '{column}', {place}: {problem}"), Mark);

    /// <summary>An error about an image file that can be left out.</summary>
    public static Exception Unreadable(IExceptionContext context, Exception inner, string message) =>
        AsUnreadable(Marked(context.Error(inner, message), Mark));

    public static Exception AsUnreadable(Exception e) => Marked(e, UnreadableMark);

    /// <summary>Whether an error names its row or file.</summary>
    public static bool Names(Exception e) => e.Data.Contains(Mark);

    /// <summary>Whether an error is about an image that can be left out.</summary>
    public static bool IsUnreadable(Exception e) => e.Data.Contains(UnreadableMark);

    /// <summary>
    /// Whether an error comes from the steps before, and is to be told with the row that failed. No row is to blame for a cancellation, for
    /// memory that runs out, or for a native library that is not there.
    /// </summary>
    public static bool IsUpstream(Exception e) =>
        e is not (OperationCanceledException or DllNotFoundException or TypeInitializationException)
        && !Names(e)
        && !OutOfMemory.Explains(e, out _);

    private static Exception Marked(Exception e, string mark)
    {
        e.Data[mark] = true;
        return e;
    }
}
