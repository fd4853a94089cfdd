using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Sample.Scoring;

/// <summary>Labelled images, scored once: ML.NET's figures for all of them, and what each was taken for.</summary>
/// <param name="Evaluation">ML.NET's figures.</param>
/// <param name="Rows">The images that the figures are made of: without those that have no label or no finite scores.</param>
/// <param name="Seconds">How long scoring took, reading and decoding included.</param>
internal sealed record ScoredImages(Evaluation Evaluation, IReadOnlyList<ScoredImage> Rows, double Seconds)
{
    /// <param name="ml">The context.</param>
    /// <param name="scored">The images as the network scored them, or will when they are read.</param>
    /// <param name="network">The network.</param>
    /// <param name="leftOut">The classes that it does not know.</param>
    public static ScoredImages Of(
        MLContext ml, IDataView scored, ResNetTransformer network, IReadOnlyDictionary<string, long> leftOut)
    {
        var classes = network.Model.ClassNames;
        var watch = Stopwatch.StartNew();
        var rows = Read(ml, scored, network.ScoreColumnName);
        var seconds = watch.Elapsed.TotalSeconds;
        var metrics = ml.MulticlassClassification.Evaluate(InMemory(ml, rows, classes.Count));
        var confusion = metrics.ConfusionMatrix.Counts;
        ScoredImage[] evaluated = [.. rows.Select(ScoredImage.Of).Where(row => row.IsEvaluated)];
        var evaluation = new Evaluation
        {
            Images = (long)confusion.Sum(row => row.Sum()),
            Accuracy = metrics.MicroAccuracy,
            MacroAccuracy = metrics.MacroAccuracy,
            LogLoss = metrics.LogLoss,
            Classes = classes,
            Confusion = [.. confusion.Select(row => row.Select(count => (long)count).ToArray())],
            LeftOut = leftOut,
            Rejected = Rejected(evaluated, network.Model),
        };
        return new(evaluation, evaluated, seconds);
    }

    private static Rejection? Rejected(ScoredImage[] images, ResNetModel model)
    {
        if (model.RejectBelow is not { } least)
        {
            return null;
        }

        var others = images.Where(image => !Likeliest.IsRejected(model, image.Probability)).ToArray();
        return new()
        {
            Below = least,
            Images = images.Length - others.Length,
            AccuracyOfOthers = ScoredImage.Accuracy(others),
        };
    }

    private static Row[] Read(MLContext ml, IDataView scored, string scoreColumnName)
    {
        var columns = SchemaDefinition.Create(typeof(Row));
        columns[nameof(Row.Score)].ColumnName = scoreColumnName;
        columns.Remove(columns[nameof(Row.PredictedLabel)]);
        return [.. ml.Data.CreateEnumerable<Row>(scored, reuseRowObject: false, ignoreMissingColumns: true, columns)];
    }

    // The evaluator goes over its data more than once, and the network should not. Keys of objects count from 0, those of columns from 1.
    private static IDataView InMemory(MLContext ml, Row[] rows, int classes)
    {
        var columns = SchemaDefinition.Create(typeof(Row));
        columns[nameof(Row.Label)].ColumnType = new KeyDataViewType(typeof(uint), classes);
        columns[nameof(Row.PredictedLabel)].ColumnType = new KeyDataViewType(typeof(uint), classes);
        columns[nameof(Row.Score)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, classes);
        return ml.Data.LoadFromEnumerable(rows.Select(row => new Row { Label = row.Label - 1, Score = row.Score }), columns);
    }

    /// <summary>What the evaluator reads of an image.</summary>
    internal sealed class Row
    {
        public uint Label { get; set; }

        public float[] Score { get; set; } = [];

        public uint PredictedLabel { get; set; }
    }
}

/// <summary>What an image was taken for.</summary>
/// <param name="Position">Its row in the data, from 0.</param>
/// <param name="Truth">Its class, from 0; -1 without a label.</param>
/// <param name="Prediction">The likeliest class.</param>
/// <param name="Probability">The probability of the likeliest class.</param>
internal readonly record struct ScoredImage(int Position, int Truth, int Prediction, float Probability)
{
    public bool IsRight => Truth == Prediction;

    /// <summary>Whether ML.NET's evaluator counts it.</summary>
    public bool IsEvaluated => Truth >= 0 && float.IsFinite(Probability);

    /// <summary>The share of images that were given their class; null where there are none.</summary>
    public static double? Accuracy(IEnumerable<ScoredImage> images) => images.Average(image => image.IsRight ? 1 : (double?)0);

    // The first of equals, as the evaluator has it.
    public static ScoredImage Of(ScoredImages.Row row, int position)
    {
        var best = row.Score.All(float.IsFinite) ? row.Score.Max() : float.NaN;
        return new(position, (int)row.Label - 1, Array.IndexOf(row.Score, best), best);
    }
}
