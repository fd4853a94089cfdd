using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Data.Loading;

/// <summary>A folder with one sub-folder a class: which classes there are, and which images.</summary>
internal sealed class ImageFolder
{
    private readonly IExceptionContext _context;
    private readonly string _path;
    private readonly List<ClassFolder> _folders = [];
    private readonly List<string> _strays = [];
    private readonly List<FileSystemInfo> _deadLinks = [];
    private readonly LeftOut _leftOut = new();

    private ImageFolder(IExceptionContext context, string path) => (_context, _path) = (context, path);

    /// <summary>The classes in the order of their keys.</summary>
    public IReadOnlyList<string> Names { get; private set; } = [];

    /// <summary>The images, class by class, with their keys, which count from 1.</summary>
    public IReadOnlyList<(string Path, uint Label)> Files { get; private set; } = [];

    /// <summary>The folders that are read.</summary>
    public IReadOnlyList<ClassFolder> Folders => _folders;

    /// <summary>Sub-folders that are none of the classes that were asked for.</summary>
    public IReadOnlyList<string> Unknown { get; private set; } = [];

    /// <summary>Images that lie in no sub-folder.</summary>
    public IReadOnlyList<string> Strays => _strays;

    /// <summary>Links in the folder that lead to nothing.</summary>
    public IReadOnlyList<FileSystemInfo> DeadLinks => _deadLinks;

    public LeftOut LeftOut => _leftOut;

    /// <param name="host">The loader.</param>
    /// <param name="path">The folder.</param>
    /// <param name="classNames">The classes in the order of their keys; null for the sub-folders in ordinal order.</param>
    /// <exception cref="DirectoryNotFoundException">The folder is missing.</exception>
    /// <exception cref="InvalidOperationException">There are no classes or no images in it, or they cannot be read.</exception>
    public static ImageFolder Open(IHost host, string path, IReadOnlyList<string>? classNames)
    {
        if (File.Exists(path))
        {
            throw host.Error($"'{path}' is a file. Name the folder that has one sub-folder of images for each class.");
        }

        if (!Directory.Exists(path))
        {
            throw new DirectoryNotFoundException($"The folder '{path}' does not exist.");
        }

        if (classNames is not null)
        {
            LabelNames.Check(host, classNames);
        }

        var folder = new ImageFolder(host, path);
        folder.Read(classNames);
        using var channel = host.OpenChannel("Listing");
        ImageFolderReport.Write(channel, folder, isGiven: classNames is not null);
        return folder;
    }

    public override string ToString() => _path;

    private void Read(IReadOnlyList<string>? classNames)
    {
        var walk = new FolderWalk(_context, _path);
        var given = classNames?.Select(LabelNames.Normal).ToHashSet();
        FindFolders(walk, given);
        KeepOnly(given);
        walk.Fill(_folders);
        _folders.ForEach(each => _leftOut.Add(each.LeftOut));
        _folders.RemoveAll(each => !each.IsEntered);
        Names = classNames ?? [.. _folders.Select(each => each.Name).Order(StringComparer.Ordinal)];
        CheckImages();

        var labels = Names.Index().ToDictionary(each => LabelNames.Normal(each.Item), each => (uint)each.Index + 1);
        Files =
        [
            .. _folders.Select(each => (each.Images, Label: labels[each.Name])).OrderBy(each => each.Label)
                .SelectMany(each => each.Images.Select(image => (image, each.Label))),
        ];
    }

    private void FindFolders(FolderWalk walk, HashSet<string>? given)
    {
        foreach (var entry in walk.Entries(new(_path)))
        {
            // A class may be called .NET, if somebody says so.
            if (FolderWalk.IsHidden(entry) && given?.Contains(LabelNames.Normal(entry.Name)) != true)
            {
                _leftOut.Add(LeftOut.Hidden);
            }
            else if (entry is DirectoryInfo directory)
            {
                if (RealPath.Leads(directory))
                {
                    _folders.Add(new(directory));
                }
                else
                {
                    _deadLinks.Add(directory);
                }
            }
            else
            {
                AddFile((FileInfo)entry);
            }
        }
    }

    private void AddFile(FileInfo file)
    {
        switch (FileTypes.Of(file.FullName))
        {
            case FileType.Special:
                _leftOut.Add(LeftOut.Special);
                break;

            case FileType.Missing when file.LinkTarget is not null:
                _deadLinks.Add(file);
                break;

            default:
                if (FolderWalk.IsImage(file.FullName))
                {
                    _strays.Add(file.Name);
                }
                else
                {
                    _leftOut.AddFile(file.FullName);
                }

                break;
        }
    }

    private void KeepOnly(HashSet<string>? given)
    {
        if (_folders.Count == 0)
        {
            throw _context.Error(
                $"The folder '{_path}' has no sub-folders{(_strays.Count > 0 ? $", but {_strays.Count} images" : "")}. Put the "
                + "images of each class into a sub-folder of the class's name. (To score images without classes, give the model their "
                + "bytes: LoadFromEnumerable.)");
        }

        if (_folders.GroupBy(each => each.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw _context.Error(
                $"The folder '{_path}' has two sub-folders '{twice.Key}', whose names are the same letters in different codes. Put "
                + "the images of both into one.");
        }

        if (given is not null)
        {
            var folders = _folders.Select(each => each.Name).ToArray();
            Unknown = [.. folders.Where(name => !given.Contains(name))];
            _folders.RemoveAll(each => !given.Contains(each.Name));
            if (_folders.Count == 0)
            {
                throw _context.Error(
                    $"None of the sub-folders of '{_path}' ({ImageFolderReport.Quoted(folders)}) is one of the classNames "
                    + $"({ImageFolderReport.Quoted(given)}).");
            }
        }
    }

    private void CheckImages()
    {
        // Nothing of what somebody put there can be read: not a class to go without in silence.
        if (_folders.Where(each => each.Images.Count == 0 && each.LeftOut.Files > 0).ToArray() is [var unread, ..] all)
        {
            throw _context.Error(
                $"The class folder{(all.Length > 1 ? "s" : "")} {ImageFolderReport.Quoted(all.Select(each => each.Name))} of '{_path}' "
                + $"{(all.Length > 1 ? "have" : "has")} no image that can be read: '{unread.Name}' has {unread.LeftOut}. "
                + "Convert images to PNG or JPEG; move the folder away if it is no class.");
        }

        if (_folders.All(each => each.Images.Count == 0))
        {
            throw _context.Error(
                $"The sub-folders of '{_path}' have no images (PNG, JPEG, BMP, GIF, WebP, ICO)"
                + $"{(_leftOut.ToString() is { Length: > 0 } rest ? $", only {rest}" : "")}.");
        }
    }
}
