using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Sample.Images;
using ResNetMLNet.Sample.Scoring;
using SkiaSharp;

namespace ResNetMLNet.Sample.Reporting;

/// <summary>Makes the reports of a network.</summary>
/// <param name="ml">The context.</param>
/// <param name="model">The network.</param>
/// <param name="images">The images that it was trained or tested on.</param>
internal sealed class ReportBuilder(MLContext ml, ResNetModel model, ImageSets images)
{
    /// <summary>The images of one grid.</summary>
    public const int GridImages = 16;

    private readonly Thumbnails _thumbnails = new(ml, images.All, model);

    /// <summary>Says what the network looked at; null where nothing can.</summary>
    public Explainer? Explain { get; init; }

    /// <summary>The report of a training.</summary>
    /// <param name="scored">The test images; null where the training was cancelled.</param>
    /// <param name="seconds">How long training took.</param>
    public Report OfTraining(ScoredImages? scored, double seconds) =>
        Create($"Training of {model.Architecture.Name}", scored, images.Test, seconds) with { TrainingImages = TrainingImages() };

    /// <summary>The report of an evaluation.</summary>
    /// <param name="scored">The images.</param>
    /// <param name="data">Where they come from.</param>
    public Report OfEvaluation(ScoredImages scored, IDataView data) =>
        Create($"Evaluation of {model.Architecture.Name}", scored, data, trainingSeconds: null);

    private Report Create(string title, ScoredImages? scored, IDataView data, double? trainingSeconds) => new()
    {
        Title = title,
        Settings = ReportFacts.Settings(model),
        Device = ReportFacts.Device(model),
        Data = ReportFacts.Data(model, scored?.Evaluation),
        SpeedAndMemory = ReportFacts.SpeedAndMemory(model, scored, trainingSeconds),
        Epochs = model.History,
        Test = scored is null ? null : WithImages(TestReport.Of(scored), scored, data),
    };

    private TestReport WithImages(TestReport report, ScoredImages scored, IDataView data)
    {
        var mistakes = scored.Rows.Where(row => !row.IsRight).OrderByDescending(row => row.Probability).Take(GridImages).ToArray();

        // All over the data, which may be sorted by class.
        var count = Math.Min(GridImages, scored.Rows.Count);
        var predictions = Enumerable.Range(0, count).Select(index => scored.Rows[(int)((long)index * scored.Rows.Count / count)]).ToArray();
        var shown = Show(data, [.. mistakes.Concat(predictions).DistinctBy(row => row.Position).OrderBy(row => row.Position)]);
        return report with
        {
            Mistakes = [.. mistakes.Select(row => shown[row.Position])],
            Predictions = [.. predictions.Select(row => shown[row.Position])],
        };
    }

    private Dictionary<int, ShownImage> Show(IDataView data, ScoredImage[] images)
    {
        var rows = ml.RowsAt(data, images.Select(image => image.Position));
        var (maps, files) = (Explain?.Invoke(rows), FilesOf(rows));
        var bitmaps = _thumbnails.Draw(rows);
        try
        {
            return images.Select((image, index) => new ShownImage(
                image.Position,
                Thumbnail.Of(bitmaps[index]),
                model.ClassNames[image.Truth],
                Likeliest.IsRejected(model, image.Probability)
                    ? $"{Likeliest.Unknown} ({model.ClassNames[image.Prediction]})"
                    : model.ClassNames[image.Prediction],
                image.Probability)
            {
                File = files?[index],
                HeatMap = maps is null ? null : Thumbnail.Of(bitmaps[index], maps[index]),
            }).ToDictionary(image => image.Position);
        }
        finally
        {
            Dispose(bitmaps);
        }
    }

    private ShownImage[] TrainingImages()
    {
        var rows = ml.Data.TakeRows(images.Train, GridImages);
        var files = FilesOf(rows);
        var bitmaps = _thumbnails.Draw(rows);
        try
        {
            return [.. rows.LabelNames().Zip(bitmaps, (name, bitmap) => (name, bitmap))
                .Select((each, index) => new ShownImage(index, Thumbnail.Of(each.bitmap), each.name ?? "none")
                {
                    File = files?[index],
                })];
        }
        finally
        {
            Dispose(bitmaps);
        }
    }

    private string[]? FilesOf(IDataView rows) => rows.Schema.GetColumnOrNull(Thumbnails.ImagePath) is null
        ? null
        : [.. rows.GetColumn<string>(Thumbnails.ImagePath).Select(images.NameOf)];

    private static void Dispose(IEnumerable<SKBitmap> bitmaps)
    {
        foreach (var bitmap in bitmaps)
        {
            bitmap.Dispose();
        }
    }
}
