using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Sample.Commands;

/// <summary>A model.zip: the option that names it, and what is in it.</summary>
internal sealed record SavedModel(ResNetTransformer Network)
{
    /// <summary>Where a training leaves it, unless it is told otherwise.</summary>
    public const string Usual = "out/model.zip";

    private bool _hasWarned;

    public static Option<FileInfo> CreateOption() => new("--model")
    {
        HelpName = "MODEL",
        Description = $"The model.zip. Default: {Usual}, where train leaves it.",
        DefaultValueFactory = _ => new(Usual),
    };

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

        try
        {
            return new(ResNetTransformer.Find(chain));
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidOperationException($"The model '{file.FullName}' cannot be used. {e.Message}", e);
        }
    }

    /// <summary>Scores images from a column of any name.</summary>
    public IDataView Score(MLContext ml, IDataView images, string featureColumnName)
    {
        // What other steps made of images before the network saw them, nobody knows here.
        if (!_hasWarned && Network.FeatureColumnType is VectorDataViewType { ItemType: var item } && item == NumberDataViewType.Single)
        {
            _hasWarned = true;
            SteadyWriter.Error().WriteLine(
                $"The model was trained on a column of numbers, '{Network.FeatureColumnName}'. Here it is given pixels from 0 to 1; "
                + "if other steps made that column in another way, score it in code, with them.");
        }

        var view = featureColumnName == Network.FeatureColumnName
            ? images
            : ml.Transforms.CopyColumns(Network.FeatureColumnName, featureColumnName).Fit(images).Transform(images);
        return Network.Transform(view);
    }
}
