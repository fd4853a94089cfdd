using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Distributed;
using ResNetMLNet.MLNet;
using TorchSharp;

namespace ResNetMLNet.Fitting;

/// <summary>What is decided before the data is looked at.</summary>
/// <param name="Architecture">The network; null for that which suits the images.</param>
/// <param name="Device">Where it is trained.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Group">The processes that train together.</param>
/// <param name="ProcessesHere">How many of them share a machine.</param>
internal sealed record TrainingSetting(
    ResNetArchitecture? Architecture, torch.Device Device, int Seed, ProcessGroup Group, int ProcessesHere)
{
    /// <summary>How the model to start from sees images; null where there is none.</summary>
    public InputFormat? FormatOfStart { get; init; }
}

/// <summary>
/// The data of one training, opened: what is trained on, what is scored after each epoch, and what the network sees of it.
/// </summary>
internal sealed class TrainingData : IDisposable
{
    private TrainingData(TrainingColumns columns, InputFormat format, ImageDataset train, ImageDataset? validation)
    {
        (Columns, Format, Train, Validation) = (columns, format, train, validation);
        KeyValues = KeyValues.Of(columns.Label.Column);
        ClassNames = KeyValues.NamesOf(KeyValues, columns.Label.Classes);
    }

    public TrainingColumns Columns { get; }

    public InputFormat Format { get; }

    /// <summary>The network: the one that is asked for, or that for such images.</summary>
    public required ResNetArchitecture Architecture { get; init; }

    public ImageDataset Train { get; }

    public ImageDataset? Validation { get; }

    /// <summary>What is left of the memory for images.</summary>
    public required ImageMemory Memory { get; init; }

    /// <summary>The values of the label's key; null where it has none.</summary>
    public KeyValues? KeyValues { get; }

    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>Between which values the pixels are that are trained on.</summary>
    public PixelRange Pixels => PixelsOf(Columns, Train);

    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    /// <exception cref="InvalidOperationException">The data cannot be trained on; the message says which row or column and why.</exception>
    public static TrainingData Open(
        IHost host, ResNetTrainer.Options options, (IDataView Train, IDataView? Validation) views, TrainingSetting setting)
    {
        var opening = new TrainingDataOpening(host, options, setting);
        var validation = new ValidationOpening(host, options, opening);
        var (trainView, validationView) = validation.Split(views, setting.Seed);
        validation.CheckMetrics(validationView);
        var columns = opening.FindColumns(trainView);
        opening.CheckShape(columns.Feature);
        var validationColumns = validationView is null ? null : validation.FindColumns(validationView, columns.Label);
        var (format, architecture) = opening.Choose(trainView, columns.Feature, columns.Label);
        var train = opening.Load(trainView, columns, opening.ForTraining(format));
        try
        {
            opening.CheckClasses(train, columns.Label);
            opening.CheckOrder(trainView, train);
            var pixels = PixelsOf(columns, train);
            return new(columns, format, train, validation.Load(validationView, validationColumns, train, pixels))
            {
                Architecture = architecture,
                Memory = opening.Memory,
            };
        }
        catch
        {
            train.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Train.Dispose();
        Validation?.Dispose();
    }

    /// <summary>Between which values the pixels of images are.</summary>
    public static PixelRange PixelsOf(TrainingColumns columns, ImageDataset images) =>
        PixelRange.Of(columns.Feature.Kind) ?? images.Statistics.Pixels;
}
