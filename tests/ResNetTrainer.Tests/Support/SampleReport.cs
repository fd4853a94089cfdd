using ResNetMLNet.Sample.Reporting;
using ResNetMLNet.Sample.Scoring;
using SkiaSharp;

namespace ResNetMLNet.Tests.Support;

/// <summary>Reports of a few images, made by hand.</summary>
internal static class SampleReport
{
    /// <summary>Names that a page must not take for its own text.</summary>
    public static readonly string[] HostileNames =
    [
        "<script>alert(1)</script>", "\" onmouseover=\"alert(2)", "'</style><img src=x onerror=alert(3)>", "a\u0007b\u001b[31m\nc\ud800",
    ];

    /// <summary>Test images as (truth, prediction, probability).</summary>
    public static ScoredImages Scored(IReadOnlyList<string> classes, params (int Truth, int Prediction, float Probability)[] images)
    {
        var confusion = classes.Select(_ => new long[classes.Count]).ToArray();
        foreach (var (truth, prediction, _) in images)
        {
            confusion[truth][prediction]++;
        }

        var evaluation = new Evaluation
        {
            Images = images.Length,
            Accuracy = images.Average(image => image.Truth == image.Prediction ? 1.0 : 0),
            MacroAccuracy = 0.25,
            LogLoss = 1.5,
            Classes = classes,
            Confusion = confusion,
            LeftOut = new Dictionary<string, long>(),
        };
        var rows = images.Select((image, position) => new ScoredImage(position, image.Truth, image.Prediction, image.Probability));
        return new(evaluation, [.. rows], Seconds: 1);
    }

    /// <summary>A report with everything in it: two epochs, five test images of three classes.</summary>
    public static Report Whole(IReadOnlyList<string>? names = null)
    {
        names ??= ["one", "two", "three"];
        var scored = Scored(names, (0, 0, 0.9f), (0, 1, 0.95f), (1, 1, 0.6f), (2, 0, 0.4f), (2, 2, 0.99f));
        var shown = scored.Rows.Select(row => Shown(row, names)).ToArray();
        return Empty() with
        {
            Settings = [new("Network", names[0])],
            Epochs = [Epoch(1, 1.25), Epoch(2, 0.5)],
            TrainingImages = [new(0, Image(24), names[1])],
            Test = TestReport.Of(scored) with { Mistakes = [.. shown.Where(image => image.IsMistake)], Predictions = shown },
        };
    }

    /// <summary>A report of a training that was cancelled in its first epoch.</summary>
    public static Report Empty() => new()
    {
        Title = "Report",
        Settings = [new("Network", "resnet")],
        Device = [new("Trained on", "cpu")],
        Data = [new("Classes", "3")],
        SpeedAndMemory = [new("Peak memory", "1 MB")],
        Epochs = [],
    };

    public static EpochMetrics Epoch(int epoch, double loss) => new()
    {
        Epoch = epoch,
        NumberOfEpochs = 2,
        TrainLoss = loss,
        TrainAccuracy = 0.625,
        ValidationLoss = 1.125,
        ValidationAccuracy = 0.375,
        LearningRate = 0.1,
        ImagesPerSecond = 440,
        Seconds = 2,
    };

    /// <summary>Noise, which compresses badly.</summary>
    public static Thumbnail Image(int size)
    {
        using var bitmap = Bitmap(size);
        return Thumbnail.Of(bitmap);
    }

    public static SKBitmap Bitmap(int size)
    {
        var random = new Random(size);
        var bitmap = new SKBitmap(size, size, SKColorType.Rgba8888, SKAlphaType.Opaque);
        bitmap.Pixels = [.. Enumerable.Range(0, size * size).Select(_ => new SKColor((uint)random.Next() | 0xff000000))];
        return bitmap;
    }

    private static ShownImage Shown(ScoredImage row, IReadOnlyList<string> names)
    {
        using var bitmap = Bitmap(24);
        return new(row.Position, Thumbnail.Of(bitmap), names[row.Truth], names[row.Prediction], row.Probability)
        {
            HeatMap = row.Position == 1 ? Thumbnail.Of(bitmap, new HeatMap(2, 2, [0, 1, 0.5f, float.NaN])) : null,
        };
    }
}
