using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Data;

/// <summary>The image files of a folder with one sub-folder a class.</summary>
internal sealed class ImageFolderDataView : RecordDataView
{
    private static readonly HashSet<string> Extensions =
        new([".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"], StringComparer.OrdinalIgnoreCase);

    private readonly IExceptionContext _context;
    private readonly (string Path, uint Label)[] _files;

    private ImageFolderDataView(IExceptionContext context, DataViewSchema schema, (string Path, uint Label)[] files)
        : base(context, schema, files.Length)
    {
        _context = context;
        _files = files;
    }

    public static ImageFolderDataView Open(IHostEnvironment environment, string folder)
    {
        var context = environment.Register("LoadFromImageFolder");
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"The folder '{folder}' does not exist.");
        }

        var classes = Directory.GetDirectories(folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal).ToArray();
        if (classes.Length == 0)
        {
            throw context.Error($"The folder '{folder}' has no sub-folders. Put the images of each class into a sub-folder of the class's name.");
        }

        var files = classes.SelectMany((name, index) => FilesOf(Path.Combine(folder, name)).Select(path => (path, (uint)index + 1))).ToArray();
        if (files.Length == 0)
        {
            throw context.Error($"The sub-folders of '{folder}' have no images ({string.Join(", ", Extensions)}).");
        }

        var schema = new DataViewSchema.Builder();
        schema.AddColumn("Image", new ImageDataViewType());
        schema.AddColumn("ImageBytes", new VectorDataViewType(NumberDataViewType.Byte));
        schema.AddColumn("ImagePath", TextDataViewType.Instance);
        schema.AddColumn("Label", new KeyDataViewType(typeof(uint), classes.Length), LabelAnnotations(classes));
        return new(context, schema.ToSchema(), files);
    }

    protected override Delegate CreateGetter(DataViewSchema.Column column, Func<int> record) => column.Name switch
    {
        "Image" => (ValueGetter<MLImage>)((ref MLImage value) => value = Decode(_files[record()].Path)),
        "ImageBytes" => (ValueGetter<VBuffer<byte>>)((ref VBuffer<byte> value) => Fill(ref value, File.ReadAllBytes(_files[record()].Path))),
        "ImagePath" => (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> value) => value = _files[record()].Path.AsMemory()),
        _ => (ValueGetter<uint>)((ref uint value) => value = _files[record()].Label),
    };

    private static IEnumerable<string> FilesOf(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(path => Extensions.Contains(Path.GetExtension(path)))
            .Order(StringComparer.Ordinal);

    private MLImage Decode(string path)
    {
        try
        {
            return MLImage.CreateFromFile(path);
        }
        catch (ArgumentException e)
        {
            throw _context.Error(e, $"The file '{path}' is not an image that can be decoded. Remove it or convert it to PNG.");
        }
    }
}
