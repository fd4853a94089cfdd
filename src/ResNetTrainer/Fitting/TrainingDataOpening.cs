using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Data.Decoding;
using ResNetMLNet.Data.Reading;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Training.Augmenting;
using TorchSharp;

namespace ResNetMLNet.Fitting;

/// <summary>The steps of opening the data of a training, with what they share.</summary>
internal sealed class TrainingDataOpening(IHost host, ResNetTrainer.Options options, TrainingSetting setting)
{
    // Published networks see 224 pixels a side, the largest of them 480.
    private const int UsualSideAtMost = 512;

    private int ImageChannels => options.ImageChannels ?? setting.FormatOfStart?.Shape.Channels ?? 3;

    private int MaximumImagePixels =>
        options.MaximumImagePixels ?? setting.FormatOfStart?.MaximumPixels ?? EncodedImage.DefaultMaximumPixels;

    private ResizeMode ResizeMode => options.ResizeMode ?? setting.FormatOfStart?.ResizeMode ?? ResizeMode.Stretch;

    // Half of the machine's, and of the GPU's: training wants some too.
    public ImageMemory Memory { get; } = new(
        options.MemoryBudget ?? ImageMemory.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2 / setting.ProcessesHere),
        setting.Device.type == DeviceType.CUDA ? CudaDriver.Memory(setting.Device.index) / 2 : long.MaxValue);

    // A square image with colours, and a grey one of 4:3, may have as many values.
    public void CheckShape(FeatureColumn feature)
    {
        if (feature.OtherShape is { } other)
        {
            using var channel = host.OpenChannel("Data");
            channel.Warn(
                $"The feature column '{feature.Column.Name}' has {feature.Shape!.Value.Count} values without dimensions, and is taken "
                + $"for images of {feature.Shape} (channels x height x width). If they are of {other}, give the column its dimensions: "
                + "[VectorType(channels, height, width)].");
        }
    }

    public TrainingColumns FindColumns(IDataView data) => new(
        FeatureColumn.Find(host, data.Schema, options.FeatureColumnName, ImageChannels, MaximumImagePixels),
        LabelColumn.Find(host, data, options.LabelColumnName),
        WeightColumn.Find(host, data.Schema, options.ExampleWeightColumnName));

    // What is wrong with the options is said before the data is read.
    public (InputFormat Format, ResNetArchitecture Architecture) Choose(IDataView data, FeatureColumn feature, LabelColumn label)
    {
        if (setting.Architecture is { } wanted)
        {
            options.Check(host, wanted);
        }

        var resized = options.ImageSize ?? (setting.FormatOfStart is { Resizes: true, Shape: var start } ? start.Height : null);
        var shape = resized is { } size
            ? new ImageShape(feature.Channels, size, size)
            : FirstImage.ShapeOf(host, data, feature, label, options.UnreadableImages) ?? throw label.NoLabels(host, data);
        var architecture = setting.Architecture ?? ResNetArchitecture.DefaultFor(shape.LongerSide, options.Recipe);
        options.Check(host, architecture);
        var smallest = architecture.MinimumImageSize;
        if (shape.Height < smallest || shape.Width < smallest)
        {
            throw host.Error(
                $"The images of column '{feature.Column.Name}' are {shape.Height}x{shape.Width} pixels as the network sees "
                + $"them, but it needs {smallest} a side: "
                + "the last of its stages would see a single pixel. Set ImageSize (32, say) to have them enlarged.");
        }

        if (resized is null)
        {
            WarnOfLargeImages(feature, shape);
        }

        var format = new InputFormat(shape, Resizes: resized is not null, ResizeMode) { MaximumPixels = MaximumImagePixels };
        return (format, architecture);
    }

    // Photographs as a camera makes them: that they all have one size does not mean that it is wanted.
    private void WarnOfLargeImages(FeatureColumn feature, ImageShape shape)
    {
        if (shape.LongerSide > UsualSideAtMost)
        {
            using var channel = host.OpenChannel("Data");
            channel.Warn(
                $"The images of column '{feature.Column.Name}' are trained on as large as they are, {shape.Width}x{shape.Height} pixels, "
                + $"which takes about {(double)shape.Width * shape.Height / (224 * 224):F0} times as long as 224x224. "
                + "Set ImageSize (128 or 224, say) to have them reduced.");
        }
    }

    // Crops have the more to show, the larger the images are kept.
    public InputFormat ForTraining(InputFormat format) => options.Augmentation?.HasFlag(Augmentation.RandomResizedCrop) == true
        ? format with { Kept = RandomAffine.KeptFor(format.Shape) }
        : format;

    public ImageDataset Load(
        IDataView data, TrainingColumns columns, InputFormat format, string title = ExampleSource.TrainingTitle) => ImageDataset.Load(
        new(host, data, columns, format, options.CancellationToken)
        {
            Title = title,
            Unreadable = options.UnreadableImages,
            OnRead = ReadingReporter(data.GetRowCount()),
        },
        setting.Device,
        Memory,
        recognisable: options.Checkpoints is not null || !setting.Group.IsAlone,
        isShared: !setting.Group.IsAlone);

    private Action<long>? ReadingReporter(long? rows)
    {
        const long Milliseconds = 100;
        var last = Environment.TickCount64;
        return options.ProgressCallback is not { } callback || !setting.Group.IsFirst ? null : count =>
        {
            if (Environment.TickCount64 - last >= Milliseconds)
            {
                last = Environment.TickCount64;
                callback(new() { Phase = TrainingPhase.Reading, Images = count, NumberOfImages = rows });
            }
        };
    }

    public void CheckClasses(ImageDataset train, LabelColumn label)
    {
        const int Most = 10;
        var names = KeyValues.NamesOf(KeyValues.Of(label.Column), label.Classes);
        var ofClasses = names.Zip(train.Statistics.Weights).ToLookup(each => each.Second > 0, each => each.First);
        var (there, missing) = (ofClasses[true].ToArray(), ofClasses[false].ToArray());
        if (there.Length < 2)
        {
            throw host.Error(
                $"All {train.Count} rows that count have the same label in column '{label.Column.Name}', '{there[0]}': "
                + $"{LabelColumn.NothingToTellApart}");
        }

        // The split of a small data set, say, may leave all images of a class on its other side.
        if (missing.Length > 0)
        {
            using var channel = host.OpenChannel("Data");
            channel.Warn(
                $"There is nothing to train on of {missing.Length} of the {names.Count} classes in column '{label.Column.Name}', which the "
                + $"model will hardly ever predict: {string.Join(", ", missing.Take(Most).Select(name => $"'{name}'"))}"
                + $"{(missing.Length > Most ? " and more" : "")}.");
        }
    }

    // The split of a folder, say, which is read class by class.
    public void CheckOrder(IDataView data, ImageDataset train)
    {
        if (train is { IsStreamed: true, Statistics.IsGrouped: true } && !data.CanShuffle)
        {
            using var channel = host.OpenChannel("Data");
            channel.Warn(
                "The images do not fit into MemoryBudget, and the data cannot be shuffled: they are trained on class after class, "
                + FormattableString.Invariant($"shuffled only within what does fit, {train.Window:N0} bytes. ")
                + "Put ml.Data.ShuffleRows(images, shufflePoolSize: 1) before the split, or raise MemoryBudget.");
        }
    }
}
