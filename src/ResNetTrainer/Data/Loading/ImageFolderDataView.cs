using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

namespace ResNetMLNet.Data.Loading;

/// <summary>The image files of a folder with one sub-folder a class.</summary>
internal sealed class ImageFolderDataView : RecordDataView
{
    private readonly IExceptionContext _context;
    private readonly (string Path, uint Label)[] _files;

    private ImageFolderDataView(IExceptionContext context, DataViewSchema schema, (string Path, uint Label)[] files)
        : base(context, schema, files.Length)
    {
        _context = context;
        _files = files;
    }

    public static ImageFolderDataView Open(IHostEnvironment environment, string path, IReadOnlyList<string>? classNames)
    {
        var host = environment.Register("LoadFromImageFolder");
        var folder = ImageFolder.Open(host, path, classNames);
        var schema = new DataViewSchema.Builder();
        schema.AddColumn("Image", new ImageDataViewType());
        schema.AddColumn("ImageBytes", new VectorDataViewType(NumberDataViewType.Byte));
        schema.AddColumn("ImagePath", TextDataViewType.Instance);
        schema.AddColumn("Label", new KeyDataViewType(typeof(uint), folder.Names.Count), LabelAnnotations(folder.Names));
        return new(host, schema.ToSchema(), [.. folder.Files]);
    }

    protected override Delegate CreateGetter(DataViewSchema.Column column, Func<int> record) => column.Name switch
    {
        "Image" => (ValueGetter<MLImage>)((ref MLImage value) => Replace(ref value, ImageFile.Decode(_context, _files[record()].Path))),
        "ImageBytes" => (ValueGetter<VBuffer<byte>>)((ref VBuffer<byte> value) =>
            Fill(ref value, FileContent.Read(_context, _files[record()].Path))),
        "ImagePath" => (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> value) => value = _files[record()].Path.AsMemory()),
        _ => (ValueGetter<uint>)((ref uint value) => value = _files[record()].Label),
    };
}
