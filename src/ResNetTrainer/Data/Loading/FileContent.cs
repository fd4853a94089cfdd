using Microsoft.ML.Runtime;

namespace ResNetMLNet.Data.Loading;

/// <summary>Reads files, and says in so many words why one cannot be read: what is closed or gone is not damaged.</summary>
internal static class FileContent
{
    /// <exception cref="InvalidOperationException">The file cannot be read.</exception>
    public static byte[] Read(IExceptionContext context, string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw RowError.Unreadable(
                context, e, $"The file '{path}' may not be read: permission is denied. Change its owner or mode, or leave it out.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw RowError.Unreadable(context, e, new FileInfo(path).LinkTarget is { } target
                ? $"The file '{path}' is a link to '{target}', which does not exist. Bring back what it leads to, or leave it out."
                : $"The file '{path}' is not there any more: it was when the folder was loaded. Load the folder again.");
        }
        catch (IOException e)
        {
            throw RowError.Unreadable(context, e, $"The file '{path}' cannot be read: {e.Message}");
        }
    }
}
