using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Sample.Commands;

/// <summary>A model.zip: the option that names it, and what is in it.</summary>
internal sealed record SavedModel(ResNetTransformer Network)
{
    public static Option<FileInfo> CreateOption() => new("--model") { Description = "The model.zip.", Required = true };

    public static SavedModel Load(MLContext ml, FileInfo file)
    {
        if (!file.Exists)
        {
            throw new FileNotFoundException($"The file '{file.FullName}' does not exist. Train a model first, or name another with --model.");
        }

        ITransformer chain;
        try
        {
            chain = ml.Model.Load(file.FullName, out _);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"The model '{file.FullName}' cannot be loaded. {Exit.Explain(e)}");
        }

        var network = chain as ResNetTransformer ?? (chain as IEnumerable<ITransformer>)?.OfType<ResNetTransformer>().FirstOrDefault();
        return new(network ?? throw new InvalidOperationException($"The model '{file.FullName}' has no residual network in it."));
    }

    /// <summary>Scores images from a column of any name, with the classes of the data mapped to those of the model.</summary>
    public IDataView Score(MLContext ml, IDataView images, string featureColumnName)
    {
        var classes = Network.Model.ClassNames.Select(name => new ClassName { Label = name }).ToArray();
        var view = images;
        if (images.Schema.GetColumnOrNull("Label") is not null)
        {
            view = ml.Transforms.Conversion.MapKeyToValue("Label")
                .Append(ml.Transforms.Conversion.MapValueToKey("Label", keyData: ml.Data.LoadFromEnumerable(classes)))
                .Fit(view).Transform(view);
        }

        if (featureColumnName != Network.FeatureColumnName)
        {
            view = ml.Transforms.CopyColumns(Network.FeatureColumnName, featureColumnName).Fit(view).Transform(view);
        }

        return Network.Transform(view);
    }

    private sealed class ClassName
    {
        public string Label { get; set; } = "";
    }
}
