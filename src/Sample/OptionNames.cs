using System.CommandLine;
using ResNetMLNet.Sample.Commands;

namespace ResNetMLNet.Sample;

/// <summary>What the library advises in C#, in errors and in its log, as it is said on the command line.</summary>
internal static class OptionNames
{
    private static readonly (string InCode, string InCommandLine)[] _names =
    [
        ("Set Resume = true to go on with it", "Add --resume to go on with it"),
        ("Checkpoints.Directory", "--checkpoint"),
        ("The option FrozenStages is", "--frozen-stages is"),
        (" (CrossValidate trains several models: without Checkpoints.)", ""),
        ("Set MLContext.FallbackToCpu, or Device = ComputeDevice.Cpu, to use the CPU", "Give --device cpu to use the CPU"),
        ("Try LearningRate = ", "Try --learning-rate "),
        ("try Precision = ComputePrecision.Float32", "try --precision float32"),
        (" The exception's LastGoodModel is the model after the last epoch that went well.", ""),
        ("Reduce it, leave it out, or raise MaximumImagePixels.", "Reduce it, or leave it out."),
        ("set Threads to keep one number", "give --threads N to keep one number"),
        ("ImageSize says how large they are seen.", "--image-size says how large they are seen."),
        ("Leave Architecture null, which takes", "Leave out --architecture, which takes"),
        ("Set Architecture = model.Architecture, or leave it null.", "Leave out --architecture."),
        (" (To score images without classes, give the model their bytes: LoadFromEnumerable.)",
            " (Images without classes are for predict.)"),
        ("Then load each of them by itself.", "Then give one of them to --images, and to train another to --test-images."),
        ("Set ImageSize (128 or 224, say) to have them reduced.", "Give --image-size (128 or 224, say) to have them reduced."),
        ("The label column 'Label' has one class: there", "The images are of one class: there"),
        (" If these rows are a part of the data (a fold of CrossValidate, a side of TrainTestSplit), the other classes have too few rows "
            + "for so many parts: take fewer folds, or more rows. If they are all of the data, check the path or the filters that it comes "
            + "from.",
            " Give --images a folder with one sub-folder for each class."),
        (", or start anew from its weights with StartFrom", ""),
        ("is one of the classNames (", "of --test-images is one of the classes that are trained on ("),
        ("are none of the classNames; their images", "are none of the classes that are trained on; their images"),
        ("Set ImageSize (32, say) to have them enlarged.", "Give --image-size (32, say) to have them enlarged."),
        ("The option InitialWeights is the file", "The weights to start from are the file"),
        ("The option StartFrom is ", "The model of --start-from is "),
        (", but the feature column's have ", ", but these have "),
        (" Give images as the network was trained on: for MLImage and encoded images ImageChannels says how they are read.",
            " Start from another model, or without one."),
        (", or set SynchronizedNormalization.", "."),
        (", or set Distributed = DistributedTraining.Off to train a model in each.", "."),
        ("(LearningRate = ", "(--learning-rate "),
        (", or set ClassWeights = ClassWeights.Equal.", ", or leave out --class-weights."),
        (", but Architecture is ", ", but --architecture is "),
        ("Lower BatchSize or ImageSize, take a smaller Architecture, or lower MemoryBudget, the share of it that images may take.",
            "Lower --batch-size or --image-size, or take a smaller --architecture."),
    ];

    public static string InCommandLine(string message) =>
        _names.Aggregate(message, (text, name) => text.Replace(name.InCode, name.InCommandLine, StringComparison.Ordinal));

    /// <summary>With what a command could do about an image that cannot be read, and was not told to.</summary>
    public static string OfCommand(ParseResult parsed, string message) =>
        parsed.CommandResult.Command.Options.FirstOrDefault(option => option.Name == DataOptions.SkipUnreadable) is { } skip
            && parsed.GetResult(skip) is null or { Implicit: true }
            ? message.Replace("eave it out.", $"eave it out, as {DataOptions.SkipUnreadable} does.", StringComparison.Ordinal)
            : message;
}
