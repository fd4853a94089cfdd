using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace ResNetMLNet.Tests.Support;

/// <summary>A folder of images that a test fills, and what loading it logs.</summary>
internal sealed class ImageFolderFixture : IDisposable
{
    private readonly List<(ChannelMessageKind Kind, string Text)> _log = [];
    private int _images;

    public ImageFolderFixture()
    {
        Context.Log += (_, line) => _log.Add((line.Kind, line.RawMessage));
        Path = Directory.CreateDirectory(System.IO.Path.Combine(Root, "images")).FullName;
    }

    public MLContext Context { get; } = Images.Context();

    /// <summary>A folder beside the images, for what they should not find.</summary>
    public string Root { get; } = Directory.CreateTempSubdirectory("resnet-folder-").FullName;

    public string Path { get; }

    public string Warnings => string.Join('\n', _log.Where(line => line.Kind == ChannelMessageKind.Warning).Select(line => line.Text));

    public string[] Messages => [.. _log.Where(line => line.Kind == ChannelMessageKind.Info).Select(line => line.Text)];

    /// <summary>Adds an image, one other than all before.</summary>
    /// <param name="file">Its path in the folder; a suffix that ML.NET cannot encode gets the bytes of a PNG.</param>
    public string Add(string file)
    {
        var path = In(file);
        using var stream = new FileStream(path, FileMode.CreateNew);
        stream.Write(Png(_images++));
        return path;
    }

    public void Add(string file, byte[] content) => File.WriteAllBytes(In(file), content);

    public void AddClasses(params string[] names)
    {
        foreach (var name in names)
        {
            Add($"{name}/1.png");
            Add($"{name}/2.png");
        }
    }

    public string In(string file)
    {
        var path = System.IO.Path.Combine(Path, file);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        return path;
    }

    /// <summary>The files with their classes, as "class: path in the folder".</summary>
    public string[] Rows(IDataView data)
    {
        var names = default(VBuffer<ReadOnlyMemory<char>>);
        data.Schema["Label"].GetKeyValues(ref names);
        var texts = names.DenseValues().Select(name => name.ToString()).ToArray();
        return
        [
            .. data.GetColumn<uint>("Label").Zip(
                data.GetColumn<string>("ImagePath"),
                (label, path) => $"{texts[label - 1]}: {System.IO.Path.GetRelativePath(Path, path).Replace('\\', '/')}"),
        ];
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    public static byte[] Png(int image)
    {
        var path = System.IO.Path.GetTempFileName() + ".png";
        try
        {
            using var pixels = Images.Image(image, 3, Images.Size);
            pixels.Save(path);
            return File.ReadAllBytes(path);
        }
        finally
        {
            File.Delete(path);
            File.Delete(path[..^4]);
        }
    }

    [DllImport("libc", EntryPoint = "mkfifo")]
    private static extern int MakePipe([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    public void AddPipe(string file)
    {
        if (MakePipe(In(file), 0x1b6) != 0)
        {
            throw new IOException($"'{file}' cannot be made.");
        }
    }
}
