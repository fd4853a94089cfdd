using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace ResNetMLNet.Data.Columns;

/// <summary>
/// The feature column of a row. Its errors name the file where the data has paths, else the row, which is another one after each
/// shuffling.
/// </summary>
internal abstract class FeatureRow(IExceptionContext context, FeatureColumn column)
{
    /// <summary>The file that the current row's image comes from; null where the data does not say.</summary>
    public abstract string? File { get; }

    public abstract long Position { get; }

    protected FeatureColumn Column => column;

    public abstract ValueGetter<T> GetGetter<T>();

    /// <summary>An error about the image of the current row.</summary>
    public Exception Error(string problem) => RowError.Unusable(context, Text(problem), File);

    /// <summary>An error about an image that can be left out.</summary>
    public Exception Unreadable(string problem) => RowError.Unreadable(context, Text(problem), File);

    private string Text(string problem) => RowError.Text(
        "feature", column.Column.Name, File is { } file ? $"file '{file}'" : $"row {Math.Max(0, Position)}", problem);
}

/// <summary>The feature column of a row or cursor of ML.NET's.</summary>
internal sealed class CursorRow : FeatureRow
{
    private readonly DataViewRow _row;
    private readonly ValueGetter<ReadOnlyMemory<char>>? _path;

    public CursorRow(IExceptionContext context, DataViewRow row, FeatureColumn column)
        : base(context, column)
    {
        _row = row;
        _path = column.Path is { } path && row.IsColumnActive(path) ? row.GetGetter<ReadOnlyMemory<char>>(path) : null;
    }

    public override string? File
    {
        get
        {
            ReadOnlyMemory<char> path = default;
            _path?.Invoke(ref path);
            return path.IsEmpty ? null : path.ToString();
        }
    }

    public override long Position => _row.Position;

    public override ValueGetter<T> GetGetter<T>() => _row.GetGetter<T>(Column.Column);
}
