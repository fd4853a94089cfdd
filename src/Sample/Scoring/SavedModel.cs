using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using ResNetMLNet.Sample.Files;

namespace ResNetMLNet.Sample.Scoring;

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
            var network = ResNetTransformer.Find(chain);
            return new(network)
            {
                StepsBefore = [.. Steps(chain).TakeWhile(step => step != network).Where(IsMissed).Select(step => step.GetType().Name)],
            };
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidOperationException($"The model '{file.FullName}' has none, or more than one residual network in it.", e);
        }
    }

    /// <summary>The steps of the model before its network that may change images.</summary>
    public IReadOnlyList<string> StepsBefore { get; init; } = [];

    // What other steps made of images before the network saw them is not done here.
    private string? Warning =>
        StepsBefore.Count > 0
            ? $"The model has steps before its network, which are left out here: {string.Join(", ", StepsBefore)}. "
                + "Where they change images, use it in code, with them."
        : Network.FeatureColumnType is VectorDataViewType { ItemType: var item } && item == NumberDataViewType.Single
            ? $"The model was trained on a column of numbers, '{Network.FeatureColumnName}'. Here it is given pixels from 0 to 1; "
                + "if other steps made that column in another way, score it in code, with them."
        : null;

    /// <summary>Says what of the model is left out here, if anything.</summary>
    public void WarnOnce()
    {
        if (!_hasWarned && Warning is { } warning)
        {
            _hasWarned = true;
            SteadyWriter.Error().WriteLine(warning);
        }
    }

    /// <summary>Scores images from a column of any name.</summary>
    public IDataView Score(MLContext ml, IDataView images, string featureColumnName)
    {
        WarnOnce();

        var view = featureColumnName == Network.FeatureColumnName
            ? images
            : ml.Transforms.CopyColumns(Network.FeatureColumnName, featureColumnName).Fit(images).Transform(images);
        return Network.Transform(view);
    }

    private static IEnumerable<ITransformer> Steps(ITransformer model) =>
        model is IEnumerable<ITransformer> chain ? chain.SelectMany(Steps) : [model];

    // Those that read files, or are about labels, are not: images are read here, and have no label or a folder's.
    private static bool IsMissed(ITransformer step) =>
        step is not (ImageLoadingTransformer or ValueToKeyMappingTransformer or KeyToValueMappingTransformer);
}
