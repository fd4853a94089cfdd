using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Native;

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

    /// <summary>Adds a folder whose name is Latin-1, on Linux, until the result is disposed: .NET could not delete it.</summary>
    public IDisposable AddUndecodable(string where)
    {
        byte[] name = [.. Encoding.UTF8.GetBytes(System.IO.Path.Combine(Path, where, "K")), 0xFC, (byte)'h', (byte)'e', 0];
        Assert.AreEqual(0, MakeFolder(name, Convert.ToUInt32("755", 8)));
        return new OnDispose(() => Assert.AreEqual(0, RemoveFolder(name)));
    }

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

    [DllImport("libc", EntryPoint = "mkdir")]
    private static extern int MakeFolder(byte[] path, uint mode);

    [DllImport("libc", EntryPoint = "rmdir")]
    private static extern int RemoveFolder(byte[] path);

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
