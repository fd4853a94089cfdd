using System.CommandLine;
using Microsoft.ML;
using ResNetMLNet.Sample.Images;

namespace ResNetMLNet.Sample.Commands;

/// <summary>Where images come from: IDX files, a folder of one's own, or the Internet.</summary>
internal sealed class DataOptions
{
    public const string SkipUnreadable = "--skip-unreadable";

    private const string Encoded = "ImageBytes";

    private readonly Option<DirectoryInfo?> _data = new("--data")
    {
        HelpName = "DIR",
        Description = "A folder with the four IDX files of Fashion-MNIST. Default: the part of it that comes with this program.",
    };

    private readonly Option<DirectoryInfo?> _images = new("--images")
    {
        HelpName = "DIR",
        Description = "A folder of your images with one sub-folder per class.",
    };

    private readonly Option<DirectoryInfo?> _testImages = new("--test-images")
    {
        HelpName = "DIR",
        Description = "A folder of images to test on, with sub-folders named as those of --images. Default: a fifth of --images, which is "
            + "not trained on.",
    };

    private readonly Option<bool> _heldOut = new("--held-out")
    {
        Description = "Evaluates only the fifth of --images that train keeps back to test on: models that it trained on that folder have "
            + "not seen it. Default: all images.",
    };

    private readonly Option<bool> _download = new("--download")
    {
        Description = "Fetches the full Fashion-MNIST (30 MB) into the user's cache and uses it.",
    };

    private readonly Option<bool> _skipUnreadable = new(SkipUnreadable)
    {
        Description = "Leaves out images that cannot be read, and names them. Default: stops at the first one.",
    };

    /// <param name="command">The command.</param>
    /// <param name="trains">Whether some images are trained on and others tested.</param>
    public void AddTo(Verb command, bool trains)
    {
        command.Add("Images", [_images, trains ? (Option)_testImages : _heldOut, _skipUnreadable, _data, _download]);
        command.Check(result =>
        {
            foreach (var ofImages in new Option[] { _skipUnreadable, _testImages, _heldOut })
            {
                if (result.GetResult(ofImages) is { Implicit: false } && result.GetValue(_images) is null)
                {
                    result.AddError($"{ofImages.Name} needs --images DIR.");
                }
            }

            if (new Option[] { _data, _images, _download }.Count(option => result.GetResult(option) is { Implicit: false }) > 1)
            {
                result.AddError("--data, --images and --download exclude each other.");
            }
        });
    }

    /// <summary>Requires the folders that are read to be there, before any is made that is written to.</summary>
    /// <exception cref="DirectoryNotFoundException">One is not.</exception>
    public void RequireFolders(ParseResult parsed)
    {
        foreach (var option in (Option<DirectoryInfo?>[])[_data, _images, _testImages])
        {
            if (parsed.GetValue(option) is { } folder)
            {
                RequireFolder(folder, option);
            }
        }
    }

    /// <summary>Refuses to write among the images, where the next training would find another class.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="option">The option of the folder that is written to.</param>
    /// <param name="folder">That folder; null where there is none.</param>
    /// <exception cref="InvalidOperationException">It lies among the images.</exception>
    public void RequireOutside(ParseResult parsed, Option option, DirectoryInfo? folder)
    {
        foreach (var read in (Option<DirectoryInfo?>[])[_images, _testImages])
        {
            if (folder is not null && parsed.GetValue(read) is { } images && Within(images.FullName, folder.FullName))
            {
                throw new InvalidOperationException(
                    $"The folder '{folder.FullName}' of {option.Name} lies in '{images.FullName}' of {read.Name}, where what is written "
                    + $"would be taken for images of a class. Give a folder elsewhere: {option.Name} DIR.");
            }
        }
    }

    /// <summary>Finds the images; column names are the same everywhere.</summary>
    /// <param name="ml">The context.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="seed">
    /// Draws the order of a folder of one's own, some of which is kept back to test on; null where nothing is trained on.
    /// </param>
    /// <param name="progress">Hears of a download.</param>
    /// <param name="cancellation">Ends it.</param>
    public ImageSets Open(MLContext ml, ParseResult parsed, int? seed, TextWriter progress, CancellationToken cancellation)
    {
        if (parsed.GetValue(_images) is { } own)
        {
            return OfFolder(ml, parsed, own, seed, cancellation);
        }

        var folder = FashionMnist.Shipped;
        if (parsed.GetValue(_download))
        {
            folder = FashionMnistDownload.DefaultFolder;

            // Waited for: after an await a training would not be on the first thread, where large tensors are kept.
            new FashionMnistDownload(FashionMnistDownload.Publisher, folder, progress).Run(cancellation).GetAwaiter().GetResult();
        }
        else if (parsed.GetValue(_data) is { } data)
        {
            RequireFolder(data, _data);
            folder = data.FullName;
        }

        var test = FashionMnist.Test(ml, folder);
        return new(FashionMnist.Train(ml, folder), test, test, "Pixels", ImageChannels: 1);
    }

    /// <summary>The words with which evaluate takes the images that train tests on.</summary>
    public IReadOnlyList<string> TestImages(ParseResult parsed)
    {
        string[] skip = parsed.GetValue(_skipUnreadable) ? [_skipUnreadable.Name] : [];
        return (parsed.GetValue(_images), parsed.GetValue(_testImages), parsed.GetValue(_data)) switch
        {
            (not null, { } test, _) => [_images.Name, test.FullName, .. skip],
            ({ } own, null, _) => [_images.Name, own.FullName, _heldOut.Name, .. skip],
            (_, _, { } data) => [_data.Name, data.FullName],
            _ => parsed.GetValue(_download) ? [_download.Name] : [],
        };
    }

    private ImageSets OfFolder(MLContext ml, ParseResult parsed, DirectoryInfo own, int? seed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_testImages) is { } test)
        {
            RequireApart(own.FullName, test.FullName);
        }

        var (all, unreadable) = Load(ml, parsed, own, _images, classes: null, cancellation);
        if (seed is null)
        {
            var isPart = parsed.GetValue(_heldOut);
            var tested = isPart ? new FolderSplit(ml, all, own.FullName).Test(all) : all;
            return Own(tested, tested, tested, own) with { Unreadable = isPart ? null : unreadable };
        }

        // The folder's own order is drawn anew; a pool besides would hold a thousand files.
        var shuffled = ml.Data.ShuffleRows(all, seed, shufflePoolSize: 1);
        if (parsed.GetValue(_testImages) is { } kept)
        {
            var tested = Load(ml, parsed, kept, _testImages, all.ClassNames(), cancellation).Images;
            return Own(shuffled, tested, all, own, kept);
        }

        var split = new FolderSplit(ml, all, own.FullName);
        return Own(split.Train(shuffled), split.Test(shuffled), all, own);
    }

    private static ImageSets Own(IDataView train, IDataView test, IDataView all, params DirectoryInfo[] folders) =>
        new(train, test, all, Encoded, ImageChannels: 3) { IsOwn = true, Folders = [.. folders.Select(folder => folder.FullName)] };

    private (IDataView Images, long? Unreadable) Load(
        MLContext ml,
        ParseResult parsed,
        DirectoryInfo folder,
        Option option,
        IReadOnlyList<string>? classes,
        CancellationToken cancellation)
    {
        RequireFolder(folder, option);
        var images = ml.Data.LoadFromImageFolder(folder.FullName, classes);
        return parsed.GetValue(_skipUnreadable) ? ReadableImages.Of(ml, images, folder.FullName, cancellation) : (images, null);
    }

    private static void RequireApart(string images, string test)
    {
        if (Within(images, test) || Within(test, images))
        {
            throw new InvalidOperationException(
                $"The folder '{test}' of --test-images and '{images}' of --images overlap: a model must not be tested on what it was "
                + "trained on. Give two folders side by side, or leave --test-images out, which keeps back a fifth.");
        }
    }

    private static bool Within(string folder, string other)
    {
        var way = Path.GetRelativePath(folder, other);
        return !Path.IsPathRooted(way) && way.Split(Path.DirectorySeparatorChar)[0] != "..";
    }

    private static void RequireFolder(DirectoryInfo folder, Option option)
    {
        if (!folder.Exists)
        {
            throw new DirectoryNotFoundException(File.Exists(folder.FullName)
                ? $"'{folder.FullName}' is a file, but {option.Name} takes a folder."
                : $"The folder '{folder.FullName}' of {option.Name} does not exist.");
        }
    }
}
