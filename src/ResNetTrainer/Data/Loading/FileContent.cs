using Microsoft.ML.Runtime;

namespace ResNetMLNet.Data.Loading;

/// <summary>Reads files, and says in so many words why one cannot be read: what is closed or gone is not damaged.</summary>
internal static class FileContent
{
    /// <exception cref="UnusableImageException">The file cannot be read.</exception>
    public static byte[] Read(IExceptionContext context, string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw Unreadable($"The file '{path}' may not be read: permission is denied. Change its owner or mode, or leave it out.", e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Unreadable(new FileInfo(path).LinkTarget is { } target
                ? $"The file '{path}' is a link to '{target}', which does not exist. Bring back what it leads to, or leave it out."
                : $"The file '{path}' is not there any more: it was when the folder was loaded. Load the folder again.", e);
        }
        catch (IOException e)
        {
            throw Unreadable($"The file '{path}' cannot be read: {e.Message}", e);
        }

        Exception Unreadable(string message, Exception cause) => RowError.Unreadable(context, message, path, cause);
    }
}
