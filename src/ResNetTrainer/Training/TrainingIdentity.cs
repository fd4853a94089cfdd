using System.Globalization;
using System.Reflection;
using ResNetMLNet.Data;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>Everything that decides what comes out of a training, in words: two trainings of one identity end with the same weights.</summary>
internal static class TrainingIdentity
{
    public static SortedDictionary<string, string> Of(
        TrainingPlan plan, NetworkPlan network, InputFormat format, IReadOnlyList<string> classes, string? start, PictureSet train, PictureSet? validation)
    {
        var identity = new SortedDictionary<string, string>
        {
            ["architecture"] = Text(network.Architecture),
            ["pictures"] = $"{format.Shape}, {(format.Resizes ? $"resized ({format.ResizeMode})" : "as they are")}",
            ["classes"] = string.Join(", ", classes),
            ["the training data"] = Text(train),
            ["the validation data"] = validation is null ? "none" : Text(validation),
            ["the model to start from"] = start ?? "none",
            ["the device"] = train.Device.type == DeviceType.CPU ? $"the CPU with {get_num_threads()} threads" : train.Device.ToString(),
        };

        // Every number of the plan counts, also those that will be added to it.
        foreach (var property in typeof(TrainingPlan).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            identity[property.Name] = Convert.ToString(property.GetValue(plan), CultureInfo.InvariantCulture) ?? "none";
        }

        return identity;
    }

    private static string Text(ResNetArchitecture network) => $"{network.Name} ({network.Block}, {network.Skip}, {network.Depths}, width {network.Width})";

    private static string Text(PictureSet pictures) =>
        $"{pictures.Count} pictures of fingerprint {pictures.Census.Fingerprint?[..16]}{(pictures.Window is { } window ? $", streamed through a window of {window} bytes (MemoryBudget)" : "")}";
}
