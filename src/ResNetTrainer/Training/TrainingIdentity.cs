using System.Globalization;
using System.Reflection;
using ResNetMLNet.Data;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>Everything that decides what comes out of a training: two trainings of one identity end with the same weights.</summary>
internal sealed record TrainingIdentity
{
    /// <summary>Among the words: what is computed on, which may differ among processes.</summary>
    public const string DeviceWord = "the device";

    /// <summary>Among the words: how many processes there are. Alone, nothing is said.</summary>
    public const string ProcessesWord = "the processes";

    private const string OfFingerprint = " of fingerprint ";
    private const string Streamed = ", streamed through a window of ";

    public required TrainingPlan Plan { get; init; }

    public required NetworkPlan Network { get; init; }

    public required InputFormat Format { get; init; }

    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>The fingerprint of the weights that training starts from; null for fresh ones.</summary>
    public required string? Start { get; init; }

    public required ImageDataset Train { get; init; }

    public required ImageDataset? Validation { get; init; }

    /// <summary>How many processes train together.</summary>
    public int Processes { get; init; } = 1;

    /// <summary>Whether they normalise over the whole batch.</summary>
    public bool SynchronizedNormalization { get; init; }

    /// <summary>How they send gradients to each other.</summary>
    public GradientCompression Compression { get; init; }

    /// <summary>The identity in words, as a checkpoint keeps it.</summary>
    public SortedDictionary<string, string> ToWords()
    {
        var words = new SortedDictionary<string, string>
        {
            ["architecture"] = Text(Network.Architecture),
            ["images"] = $"{Format.Shape}, {(Format.Resizes ? $"resized ({Format.ResizeMode})" : "as they are")}",
            ["classes"] = string.Join(", ", Classes),
            ["the training data"] = Text(Train),
            ["the validation data"] = Validation is null ? "none" : Text(Validation),
            ["the model to start from"] = Start ?? "none",
            [DeviceWord] = Train.Device.type == DeviceType.CPU ? $"the CPU with {get_num_threads()} threads" : Train.Device.ToString(),
        };

        if (Processes > 1)
        {
            words[ProcessesWord] = $"{Processes}";
            words[nameof(ResNetTrainer.Options.SynchronizedNormalization)] = $"{SynchronizedNormalization}";
        }

        // Checkpoints from before there was any do not mention it.
        if (Processes > 1 && Compression != GradientCompression.None)
        {
            words[nameof(ResNetTrainer.Options.GradientCompression)] = $"{Compression}";
        }

        // Every number of the plan counts, also those that will be added to it: where these are null, they were not there before.
        foreach (var property in typeof(TrainingPlan).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            words[property.Name] = Convert.ToString(property.GetValue(Plan), CultureInfo.InvariantCulture) ?? "";
        }

        return words;
    }

    // What is as in the first networks is not mentioned: their checkpoints stay what they are.
    private static string Text(ResNetArchitecture network)
    {
        var more = (string[])
        [
            network.Stem == ResNetStem.Large ? "" : $", {network.Stem} stem",
            network.PreActivation ? ", pre-activation" : "",
            network.WidthFactor == 1 ? "" : $", width factor {network.WidthFactor}",
            network.Groups == 1 ? "" : $", {network.Groups} groups",
        ];
        return $"{network.Name} ({network.Block}, {network.Skip}, {network.Depths}, width {network.Width}{string.Concat(more)})";
    }

    /// <summary>Whether it is said of images that not all are in memory at a time.</summary>
    public static bool IsStreamed(string word) => word.Contains(Streamed, StringComparison.Ordinal);

    /// <summary>Of what is said of images, how many they are.</summary>
    public static string CountOf(string word) => word.Split(OfFingerprint)[0];

    private static string Text(ImageDataset images)
    {
        var window = images.Window is { } bytes ? $"{Streamed}{bytes} bytes (MemoryBudget)" : "";
        return $"{images.Count} images{OfFingerprint}{images.Statistics.Fingerprint?[..16]}{window}";
    }
}
