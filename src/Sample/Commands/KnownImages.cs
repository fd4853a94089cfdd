using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Sample.Rendering;

namespace ResNetMLNet.Sample.Commands;

/// <summary>
/// The labelled images whose classes a model knows, with their labels numbered as the model numbers them: classes are told by name. Which
/// classes it does not know, and how many images they have, is kept.
/// </summary>
internal sealed record KnownImages(IDataView View, IReadOnlyDictionary<string, long> LeftOut)
{
    private const string Label = "Label";

    /// <exception cref="InvalidOperationException">The model knows none of the classes.</exception>
    public static KnownImages Of(MLContext ml, IDataView images, IReadOnlyList<string> classes)
    {
        var values = default(VBuffer<ReadOnlyMemory<char>>);
        images.Schema[Label].GetKeyValues(ref values);
        var names = values.DenseValues().Select(name => name.ToString()).ToArray();
        var counts = images.GetColumn<uint>(Label).Where(key => key > 0).CountBy(key => names[key - 1]).ToDictionary();
        var leftOut = counts.Where(each => !classes.Contains(each.Key)).OrderBy(each => each.Key, StringComparer.Ordinal).ToArray();
        if (leftOut.Length == counts.Count)
        {
            throw new InvalidOperationException(
                $"The model knows none of the classes of the images ({PlainText.List([.. counts.Keys])}): its own are "
                + $"{PlainText.List([.. classes])}. "
                + "Give the folders in --images the names of the model's classes, or take another --model.");
        }

        var keys = ml.Data.LoadFromEnumerable(classes.Select(name => new ClassName { Label = name }));
        var view = ml.Transforms.Conversion.MapKeyToValue(Label)
            .Append(ml.Transforms.Conversion.MapValueToKey(Label, keyData: keys))
            .Fit(images).Transform(images);

        // Without bounds, it leaves out the missing ones.
        return new(ml.Data.FilterRowsByKeyColumnFraction(view, Label), leftOut.ToDictionary(each => each.Key, each => (long)each.Value));
    }

    private sealed class ClassName
    {
        public string Label { get; set; } = "";
    }
}
