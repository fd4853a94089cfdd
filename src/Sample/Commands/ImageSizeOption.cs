using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Sample.Images;

namespace ResNetMLNet.Sample.Commands;

/// <summary>--image-size: the pixels that the network sees.</summary>
internal sealed class ImageSizeOption
{
    // What ImageNet's weights were trained with, and measured, where they are most accurate (docs/BENCHMARKS.md, "Photographs").
    private const int SizeOfWeights = 224;

    // A quarter of the work, for images of which there would be nothing more to see, and for networks that start from scratch.
    private const int SmallerSize = 128;

    private const int BookSize = 96;

    private readonly Option<int?> _pixels = Parsed.Integer(
        "--image-size",
        "PIXELS",
        "Pixels a side that the network sees. Default: as many as the images have; with --recipe book 96; with --images at most 128; with "
            + "trained weights 224, or 128 where the images are smaller than that; those of the model with --start-from.",
        least: 1,
        most: 4096);

    public Option Option => _pixels;

    /// <summary>A number wherever one says it: then the model takes images of any size. Null takes them as they are.</summary>
    /// <param name="ml">The context.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="images">The images.</param>
    /// <param name="recipe">How they are trained on.</param>
    /// <param name="start">The model to train further, if there is one.</param>
    /// <param name="hasWeights">Whether training starts from weights of another origin.</param>
    public int? Get(MLContext ml, ParseResult parsed, ImageSets images, TrainingRecipe recipe, ResNetModel? start, bool hasWeights) =>
        parsed.GetValue(_pixels) is { } pixels ? pixels
        : start is not null && start.ImageWidth == start.ImageHeight ? start.ImageWidth
        : images.IsOwn ? OfFolder(FileSizes.ShorterSide(ml, images.Train) ?? SmallerSize, hasWeights)
        : recipe == TrainingRecipe.Book ? BookSize
        : images.Train.Schema[images.FeatureColumnName].Type is VectorDataViewType { Dimensions: [.., var height, var width] }
            && height == width ? width
        : null;

    private static int OfFolder(int side, bool hasWeights) =>
        !hasWeights ? Math.Min(side, SmallerSize) : side < SmallerSize ? SmallerSize : SizeOfWeights;
}
