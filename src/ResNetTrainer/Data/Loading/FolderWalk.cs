using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Decoding;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Data.Loading;

/// <summary>The folder of a class: its images, in the order of their paths, and how much of what else is in it.</summary>
internal sealed record ClassFolder(DirectoryInfo Folder)
{
    public string Name { get; } = LabelNames.Normal(Folder.Name);

    public List<string> Images { get; } = [];

    public LeftOut LeftOut { get; } = new();

    /// <summary>False for a link to a folder that is read under another name, or that this one lies in.</summary>
    public bool IsEntered { get; set; }
}

/// <summary>
/// Goes through folders and their sub-folders, into each once, whatever links lead there. Folders come before links, so that a link to the
/// folder of a class takes none of its images.
/// </summary>
internal sealed class FolderWalk
{
    private static readonly HashSet<string> SystemNames = new(
        [
            "__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "RECYCLER", "System Volume Information", "lost+found",
            "Thumbs.db", "ehthumbs.db", "desktop.ini",
        ],
        StringComparer.OrdinalIgnoreCase);

    private readonly IExceptionContext _context;

    // The system gives each folder that it lists its own name, also where it does not tell names apart by their case; a link leads by
    // whatever name it was made with.
    private readonly HashSet<string> _entered = new(StringComparer.Ordinal);
    private readonly HashSet<string> _reached = new(RealPath.Comparer);
    private readonly Queue<(DirectoryInfo Folder, ClassFolder Class)> _folders = [];
    private readonly Queue<(DirectoryInfo Folder, ClassFolder Class)> _links = [];

    public FolderWalk(IExceptionContext context, string root)
    {
        _context = context;

        // What the folder lies in counts as entered: a link to it would be a circle.
        for (var folder = RealPath.Of(root); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            TryEnter(folder, isLink: false);
        }
    }

    /// <summary>What is in a folder, in the order of names.</summary>
    /// <exception cref="InvalidOperationException">The folder may not be read, or a name in it is no text.</exception>
    public IEnumerable<FileSystemInfo> Entries(DirectoryInfo folder)
    {
        try
        {
            var entries = folder.GetFileSystemInfos();
            return Array.Find(entries, IsUndecodable) is { } lost
                ? throw _context.Error(
                    $"The folder '{folder.FullName}' has an entry '{lost.Name}' whose name is not UTF-8, so that it cannot be read. "
                    + "Rename it, or all of them (convmv -f latin1 -t utf8 -r --notest, say).")
                : entries.OrderBy(entry => entry.Name, StringComparer.Ordinal);
        }
        catch (UnauthorizedAccessException e)
        {
            throw _context.Error(
                e, $"The folder '{folder.FullName}' may not be read: permission is denied. Change its owner or mode, or move it away.");
        }
    }

    public static bool IsHidden(FileSystemInfo entry) =>
        entry.Name[0] == '.' || SystemNames.Contains(entry.Name)
        || (entry.Attributes & (FileAttributes.Hidden | FileAttributes.System)) != 0;

    // A class or an image that would be lost. .NET makes U+FFFD of what is no text in a name, finds nothing under that, and says of what it
    // does not find that it has all attributes: as a hidden file has.
    private static bool IsUndecodable(FileSystemInfo entry) => entry.Name.Contains('\uFFFD')
        && entry.Attributes == (FileAttributes)(-1) && (entry is DirectoryInfo || ImageSignature.IsName(entry.Name));

    /// <summary>Whether a file is to be read as an image.</summary>
    public static bool IsImage(string path) => ImageSignature.IsName(path) || ImageSignature.IsContent(path);

    /// <summary>Fills the classes' lists.</summary>
    public void Fill(IReadOnlyList<ClassFolder> classes)
    {
        foreach (var each in classes)
        {
            Wait(each.Folder, each);
        }

        while (_folders.TryDequeue(out var next) || _links.TryDequeue(out next))
        {
            Enter(next.Folder, next.Class);
        }

        foreach (var each in classes)
        {
            each.Images.Sort((one, other) => string.CompareOrdinal(Uniform(one), Uniform(other)));
        }
    }

    // The order decides what a seed draws: the same on every system.
    private static string Uniform(string path) => path.Replace(Path.DirectorySeparatorChar, '/');

    private void Wait(DirectoryInfo folder, ClassFolder of) =>
        (IsLink(folder) ? _links : _folders).Enqueue((folder, of));

    private static bool IsLink(DirectoryInfo folder) => folder.Attributes.HasFlag(FileAttributes.ReparsePoint);

    private bool TryEnter(string realPath, bool isLink)
    {
        var isReached = !_reached.Add(realPath);
        return _entered.Add(realPath) && !(isLink && isReached);
    }

    private void Enter(DirectoryInfo folder, ClassFolder of)
    {
        if (!TryEnter(RealPath.Of(folder.FullName), IsLink(folder)))
        {
            of.LeftOut.Add(LeftOut.Links);
            return;
        }

        of.IsEntered = true;
        foreach (var entry in Entries(folder))
        {
            if (IsHidden(entry))
            {
                of.LeftOut.Add(LeftOut.Hidden);
            }
            else if (entry is DirectoryInfo inner && RealPath.Leads(inner))
            {
                Wait(inner, of);
            }
            else if (entry is DirectoryInfo)
            {
                of.LeftOut.AddFile(entry.FullName);
            }
            else if (FileTypes.Of(entry.FullName) == FileType.Special)
            {
                of.LeftOut.Add(LeftOut.Special);
            }
            else if (IsImage(entry.FullName))
            {
                of.Images.Add(entry.FullName);
            }
            else
            {
                of.LeftOut.AddFile(entry.FullName);
            }
        }
    }
}
