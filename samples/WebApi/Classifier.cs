using System.Collections.Concurrent;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet;
using SkiaSharp;

namespace WebApi;

/// <summary>A loaded model. Any number of threads may use it at once.</summary>
internal sealed class Classifier : IDisposable
{
    private readonly MLContext _ml = new();
    private readonly ResNetTransformer _network;

    // An engine serves one thread at a time; the network beneath is shared.
    private readonly ConcurrentBag<PredictionEngine<Image, Scores>> _engines = [];

    /// <param name="path">A model.zip.</param>
    public Classifier(string path)
    {
        var model = _ml.Model.Load(path, out _);
        _network = ResNetTransformer.Find(model);

        try
        {
            if (_network.FeatureColumnType is VectorDataViewType { ItemType: var item } && item == NumberDataViewType.Single)
            {
                throw new InvalidOperationException(
                    $"The model was trained on a column of numbers, '{_network.FeatureColumnName}', which steps before the network made of "
                    + "images: only they know how. Train on encoded images (ImageBytes of LoadFromImageFolder).");
            }

            // The first prediction prepares the network: better now than in a request, and a model that cannot score is not taken.
            Classify(Blank(_network.Model.ImageWidth, _network.Model.ImageHeight));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyList<string> ClassNames => _network.Model.ClassNames;

    /// <summary>What is in an encoded image.</summary>
    /// <exception cref="UnusableImageException">It cannot be decoded, or is not what the network takes.</exception>
    public Classification Classify(byte[] image)
    {
        if (!_engines.TryTake(out var engine))
        {
            engine = CreateEngine();
        }

        try
        {
            var scores = engine.Predict(new Image { Bytes = image }).Values;
            var likeliest = Array.IndexOf(scores, scores.Max());

            // A model that was trained, or made, with RejectBelow would rather say nothing than something unlikely.
            var isKnown = !(scores[likeliest] < (float?)_network.Model.RejectBelow);
            return new(
                isKnown ? ClassNames[likeliest] : null,
                scores[likeliest],
                ClassNames.Zip(scores).ToDictionary(pair => pair.First, pair => pair.Second));
        }
        finally
        {
            _engines.Add(engine);
        }
    }

    public void Dispose()
    {
        foreach (var engine in _engines)
        {
            engine.Dispose();
        }

        _network.Dispose();
    }

    private static byte[] Blank(int width, int height)
    {
        using var image = new SKBitmap(width, height);
        using var png = image.Encode(SKEncodedImageFormat.Png, quality: 100);
        return png.ToArray();
    }

    // The columns are named as the model's are.
    private PredictionEngine<Image, Scores> CreateEngine()
    {
        var (input, output) = (SchemaDefinition.Create(typeof(Image)), SchemaDefinition.Create(typeof(Scores)));
        input[nameof(Image.Bytes)].ColumnName = _network.FeatureColumnName;
        output[nameof(Scores.Values)].ColumnName = _network.ScoreColumnName;
        return _ml.Model.CreatePredictionEngine<Image, Scores>(
            _network,
            new PredictionEngineOptions { InputSchemaDefinition = input, OutputSchemaDefinition = output, OwnsTransformer = false });
    }

    private sealed class Image
    {
        public byte[] Bytes { get; set; } = [];
    }

    private sealed class Scores
    {
        public float[] Values { get; set; } = [];
    }
}

/// <summary>The answer to a request.</summary>
/// <param name="Label">The likeliest class; null where it is less likely than the model's RejectBelow.</param>
/// <param name="Probability">How likely the likeliest class is.</param>
/// <param name="Scores">The probabilities of all classes.</param>
internal sealed record Classification(string? Label, float Probability, IReadOnlyDictionary<string, float> Scores);
