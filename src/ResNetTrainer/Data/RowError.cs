using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Data;

/// <summary>Errors that name the column and the row that they are about.</summary>
internal static class RowError
{
    private const string Mark = "ResNetMLNet.Row";

    public static Exception Create(IExceptionContext context, string role, string column, long row, string problem)
    {
        var error = context.Error($"The {role} column '{column}', row {row}: {problem}");
        error.Data[Mark] = row;
        return error;
    }

    /// <summary>Whether an error names its row.</summary>
    public static bool Names(Exception e) => e.Data.Contains(Mark);
}
