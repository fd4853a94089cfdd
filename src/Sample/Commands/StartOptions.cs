using System.CommandLine;
using Microsoft.ML;
using ResNetMLNet.Sample.Scoring;

namespace ResNetMLNet.Sample.Commands;

/// <summary>The weights that a training starts from.</summary>
internal sealed class StartOptions
{
    private readonly Option<FileInfo?> _startFrom = new("--start-from")
    {
        HelpName = "MODEL",
        Description = "A model.zip to train further; the images may have more classes than it knows.",
    };

    private readonly Option<FileInfo?> _weights = new("--weights")
    {
        HelpName = "FILE",
        Description = "A file of weights to start from: .safetensors, .pth or .onnx of a ResNet (of torchvision or timm, say).",
    };

    private readonly Option<bool> _pretrained = new("--pretrained")
    {
        Description = "Starts from a network that was trained on ImageNet: the way for photographs, unless there are very many.",
    };

    private readonly Option<int?> _frozenStages = Parsed.Integer(
        "--frozen-stages",
        "N",
        "Freezes the stem and the first N stages: 4 (3 in resnet20 to resnet110) trains the linear layer alone, -1 the whole network. "
            + "Default: 1 with --pretrained or --weights, or a model that began so; else, and with --recipe book, -1.",
        least: -1,
        most: 4);

    public void AddTo(Verb command)
    {
        command.Add("Start", _pretrained, _weights, _startFrom, _frozenStages);
        command.Check(result =>
        {
            bool[] starts = [result.GetValue(_startFrom) is not null, result.GetValue(_weights) is not null, result.GetValue(_pretrained)];
            if (result.GetResult(_frozenStages) is not null && !starts.Contains(true))
            {
                result.AddError("--frozen-stages needs trained weights: --pretrained, --weights FILE or --start-from MODEL.");
            }

            if (starts.Count(given => given) > 1)
            {
                result.AddError("--start-from, --weights and --pretrained exclude each other: training has one start.");
            }
        });
    }

    /// <summary>The model to train further; null where none is named.</summary>
    public ResNetTransformer? Model(MLContext ml, ParseResult parsed)
    {
        if (parsed.GetValue(_startFrom) is not { } zip)
        {
            return null;
        }

        var model = SavedModel.Load(ml, zip, _startFrom.Name);
        model.WarnOnce();
        return model.Network;
    }

    /// <summary>The weights of another origin; null where there are none.</summary>
    public InitialWeights? Weights(ParseResult parsed) =>
        parsed.GetValue(_pretrained) ? PretrainedWeights.ImageNet
        : parsed.GetValue(_weights) is { } file ? InitialWeights.FromFile(file.FullName)
        : null;

    /// <summary>What training starts from: none, model, imagenet, or the name of a file of weights.</summary>
    public string Name(ParseResult parsed) =>
        parsed.GetValue(_startFrom) is not null ? "model"
        : parsed.GetValue(_pretrained) ? "imagenet"
        : parsed.GetValue(_weights)?.Name ?? "none";

    public int? FrozenStages(ParseResult parsed) => parsed.GetValue(_frozenStages);

    /// <summary>Puts a model in the place of what a command line starts from.</summary>
    /// <param name="words">The command line.</param>
    /// <param name="model">The model.</param>
    public void Replace(List<string> words, string model)
    {
        foreach (var (option, values) in new (Option, int)[] { (_startFrom, 1), (_weights, 1), (_pretrained, 0) })
        {
            if (words.IndexOf(option.Name) is var at and >= 0)
            {
                words.RemoveRange(at, 1 + values);
            }
        }

        words.AddRange([_startFrom.Name, model]);
    }
}
