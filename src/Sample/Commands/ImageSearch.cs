namespace ResNetMLNet.Sample.Commands;

/// <summary>
/// The images in a folder and in those below it, by their endings. Links to folders are not followed. What is hidden or of the system is
/// left out, and what explain has written.
/// </summary>
internal sealed class ImageSearch
{
    // Those of the library, of ImageSignature and of FolderWalk.
    private static readonly HashSet<string> _endings = new(
        [
            ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif",
            ".pjpeg", ".pjp", ".bmp", ".dib", ".gif", ".webp", ".ico", ".cur",
        ],
        StringComparer.OrdinalIgnoreCase);

    private static readonly HashSet<string> _systemNames = new(
        [
            "__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "RECYCLER", "System Volume Information", "lost+found",
            "Thumbs.db", "ehthumbs.db", "desktop.ini",
        ],
        StringComparer.OrdinalIgnoreCase);

    private readonly List<string> _images = [];
    private readonly SortedDictionary<string, int> _leftOut = new(StringComparer.Ordinal);

    /// <exception cref="UnauthorizedAccessException">A folder may not be read.</exception>
    public ImageSearch(string folder)
    {
        Enter(new(folder));
        _images.Sort(StringComparer.Ordinal);
    }

    /// <summary>The images, in the order of their paths.</summary>
    public IReadOnlyList<string> Images => _images;

    /// <summary>How many other files there are of each ending; empty where there are none.</summary>
    public string LeftOut => string.Join(", ", _leftOut.Select(each => $"{each.Value} {each.Key}"));

    private void Enter(DirectoryInfo folder)
    {
        foreach (var entry in Entries(folder).Where(entry => !IsHidden(entry)))
        {
            if (entry is not DirectoryInfo inner)
            {
                Add(entry);
            }
            else if (inner.LinkTarget is null)
            {
                // A link may lead back to where it is. (Windows marks folders that a cloud keeps in a like manner, and they are none.)
                Enter(inner);
            }
        }
    }

    private void Add(FileSystemInfo file)
    {
        if (file.Name.EndsWith(HeatMapNames.Extension, StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        if (_endings.Contains(file.Extension))
        {
            _images.Add(file.FullName);
            return;
        }

        var ending = file.Extension.Length > 0 ? file.Extension.ToLowerInvariant() : "without an ending";
        _leftOut[ending] = _leftOut.GetValueOrDefault(ending) + 1;
    }

    private static bool IsHidden(FileSystemInfo entry) =>
        entry.Name[0] == '.' || _systemNames.Contains(entry.Name)
        || (entry.Attributes & (FileAttributes.Hidden | FileAttributes.System)) != 0;

    // As in FolderWalk.
    private static bool IsUndecodable(FileSystemInfo entry) => entry.Name.Contains('\uFFFD')
        && entry.Attributes == (FileAttributes)(-1) && (entry is DirectoryInfo || _endings.Contains(entry.Extension));

    private static FileSystemInfo[] Entries(DirectoryInfo folder)
    {
        try
        {
            var entries = folder.GetFileSystemInfos();
            return Array.Find(entries, IsUndecodable) is { } lost
                ? throw new IOException(
                    $"The folder '{folder.FullName}' has an entry '{lost.Name}' whose name is not UTF-8, so that it cannot be read. "
                    + "Rename it.")
                : entries;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UnauthorizedAccessException(
                $"The folder '{folder.FullName}' may not be read: permission is denied. Change its owner or mode, or move it away.", e);
        }
    }
}
