using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace ResNetMLNet.Data;

/// <summary>
/// The feature column of a row or cursor. Its errors name the file where the data has paths, else the row, which is another one after each
/// shuffling.
/// </summary>
internal sealed class FeatureRow
{
    private readonly IExceptionContext _context;
    private readonly DataViewRow _row;
    private readonly FeatureColumn _column;
    private readonly ValueGetter<ReadOnlyMemory<char>>? _path;

    public FeatureRow(IExceptionContext context, DataViewRow row, FeatureColumn column)
    {
        (_context, _row, _column) = (context, row, column);
        _path = column.Path is { } path && row.IsColumnActive(path) ? row.GetGetter<ReadOnlyMemory<char>>(path) : null;
    }

    /// <summary>The file that the current row's image comes from; null where the data does not say.</summary>
    public string? File
    {
        get
        {
            ReadOnlyMemory<char> path = default;
            _path?.Invoke(ref path);
            return path.IsEmpty ? null : path.ToString();
        }
    }

    public ValueGetter<T> GetGetter<T>() => _row.GetGetter<T>(_column.Column);

    /// <summary>An error about the image of the current row.</summary>
    public Exception Error(string problem) => RowError.Create(
        _context, "feature", _column.Column.Name, File is { } file ? $"file '{file}'" : $"row {Math.Max(0, _row.Position)}", problem);

    /// <summary>An error about an image that can be left out.</summary>
    public Exception Unreadable(string problem) => RowError.AsUnreadable(Error(problem));
}
