using System.CommandLine;
using Microsoft.ML;

namespace ResNetMLNet.Sample.Commands;

/// <summary>A model.zip: the option that names it, and what is in it.</summary>
internal sealed record SavedModel(ResNetTransformer Network)
{
    public static Option<FileInfo> CreateOption() => new("--model") { HelpName = "MODEL", Description = "The model.zip.", Required = true };

    public static SavedModel Load(MLContext ml, FileInfo file, string option)
    {
        InputFile.Require(file, $"Train a model first, or name another with {option}.");
        ITransformer chain;
        try
        {
            chain = ml.Model.Load(file.FullName, out _);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"The model '{file.FullName}' cannot be loaded. {Exit.Explain(e)}", e);
        }

        var network = chain as ResNetTransformer ?? (chain as IEnumerable<ITransformer>)?.OfType<ResNetTransformer>().FirstOrDefault();
        return new(network ?? throw new InvalidOperationException($"The model '{file.FullName}' has no residual network in it."));
    }

    /// <summary>Scores images from a column of any name.</summary>
    public IDataView Score(MLContext ml, IDataView images, string featureColumnName)
    {
        var view = featureColumnName == Network.FeatureColumnName
            ? images
            : ml.Transforms.CopyColumns(Network.FeatureColumnName, featureColumnName).Fit(images).Transform(images);
        return Network.Transform(view);
    }
}
