using Microsoft.ML;

namespace ResNetMLNet.Sample.Images;

/// <summary>
/// The labelled images whose classes a model knows, with their labels numbered as the model numbers them: classes are told by name. Which
/// classes it does not know, and how many images they have, is kept.
/// </summary>
internal sealed record KnownImages(IDataView View, IReadOnlyDictionary<string, long> LeftOut)
{
    /// <exception cref="InvalidOperationException">The model knows none of the classes, or two of its own read the same.</exception>
    public static KnownImages Of(MLContext ml, ImageSets images, IReadOnlyList<string> classes)
    {
        if (classes.CountBy(name => name).FirstOrDefault(each => each.Value > 1).Key is { } repeated)
        {
            throw new InvalidOperationException(
                $"Two of the model's classes read the same, '{repeated}', and images belong to classes by name here. Evaluate it in code.");
        }

        var counts = images.All.LabelNames().OfType<string>().CountBy(name => name).ToDictionary();
        var leftOut = counts.Where(each => !classes.Contains(each.Key)).OrderBy(each => each.Key, StringComparer.Ordinal).ToArray();
        if (leftOut.Length == counts.Count)
        {
            throw new InvalidOperationException(
                $"The model knows none of the classes of the images ({PlainText.List([.. counts.Keys])}): its own are "
                + $"{PlainText.List([.. classes])}. "
                + (images.IsOwn
                    ? "Give the folders in --images the names of the model's classes, or take another --model."
                    : "These are the images of Fashion-MNIST: give yours with --images DIR, or take another --model."));
        }

        var keys = ml.Data.LoadFromEnumerable(classes.Select(name => new ClassName { Label = name }));
        var view = ml.Transforms.Conversion.MapKeyToValue(ClassLabels.Column)
            .Append(ml.Transforms.Conversion.MapValueToKey(ClassLabels.Column, keyData: keys))
            .Fit(images.All).Transform(images.All);

        // Without bounds, it leaves out the missing ones.
        return new(
            ml.Data.FilterRowsByKeyColumnFraction(view, ClassLabels.Column),
            leftOut.ToDictionary(each => each.Key, each => (long)each.Value));
    }

    private sealed class ClassName
    {
        public string Label { get; set; } = "";
    }
}
