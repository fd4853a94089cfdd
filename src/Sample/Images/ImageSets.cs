using Microsoft.ML;

namespace ResNetMLNet.Sample.Images;

/// <summary>Training and test images.</summary>
/// <param name="Train">To train on.</param>
/// <param name="Test">To evaluate what was trained on the others.</param>
/// <param name="All">To evaluate a model that was trained elsewhere; of a folder, all of it, or what train keeps back.</param>
/// <param name="FeatureColumnName">The column of images.</param>
/// <param name="ImageChannels">The channels that they should be read with.</param>
internal sealed record ImageSets(IDataView Train, IDataView Test, IDataView All, string FeatureColumnName, int ImageChannels)
{
    /// <summary>Whether they are the user's own, of a folder, and not Fashion-MNIST's.</summary>
    public bool IsOwn { get; init; }

    /// <summary>The folders in which they lie; none for Fashion-MNIST, whose images are no files.</summary>
    public IReadOnlyList<string> Folders { get; init; } = [];

    /// <summary>How many were left out because they cannot be read; null where nobody asked for that.</summary>
    public long? Unreadable { get; init; }

    /// <summary>The name of an image's file in the folder in which it lies.</summary>
    public string NameOf(string path) =>
        Folders.Select(folder => Path.GetRelativePath(folder, path)).MinBy(name => name.Length) ?? Path.GetFileName(path);
}
