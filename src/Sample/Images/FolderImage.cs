using Microsoft.ML;

namespace ResNetMLNet.Sample.Images;

/// <summary>What a row of a folder says of its image without reading it.</summary>
internal sealed class FolderImage
{
    public string ImagePath { get; set; } = "";

    public uint Label { get; set; }

    /// <summary>The rows whose paths are wanted.</summary>
    public static IDataView Filter(MLContext ml, IDataView images, Func<string, bool> isWanted) =>
        ml.Data.FilterByCustomPredicate<FolderImage>(images, image => !isWanted(image.ImagePath));

    public static IEnumerable<FolderImage> Of(MLContext ml, IDataView images) =>
        ml.Data.CreateEnumerable<FolderImage>(images, reuseRowObject: false);
}
