using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet;

// Trains on a folder of images, one sub-folder a class, says how good the model is, and what it sees in one image.
if (args is not [var folder])
{
    Console.Error.WriteLine("Usage: Minimal FOLDER, with one sub-folder of images a class.");
    return 2;
}

var ml = new MLContext(seed: 1);
ml.Log += (_, e) =>
{
    if (e.Kind >= ChannelMessageKind.Info && e.Source.StartsWith("ResNetTrainer", StringComparison.Ordinal))
    {
        Console.WriteLine(e.RawMessage);
    }
};

var images = ml.Data.LoadFromImageFolder(folder);
var split = ml.Data.TrainTestSplitByClass(images, testFraction: 0.2);

var pipeline = ml.MulticlassClassification.Trainers.ResNet(new ResNetTrainer.Options
{
    FeatureColumnName = "ImageBytes",
    ImageSize = 96,
    InitialWeights = PretrainedWeights.ImageNet,
    FrozenStages = 4,
}).Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));

var model = pipeline.Fit(split.TrainSet);
var metrics = ml.MulticlassClassification.Evaluate(model.Transform(split.TestSet));
Console.WriteLine($"{metrics.MicroAccuracy:P1} of the test images are classified rightly.");

ml.Model.Save(model, images.Schema, "model.zip");
var loaded = ml.Model.Load("model.zip", out _);
using var engine = ml.Model.CreatePredictionEngine<Image, Prediction>(loaded);
var file = split.TestSet.GetColumn<string>("ImagePath").First();
var prediction = engine.Predict(new Image { ImageBytes = File.ReadAllBytes(file) });
Console.WriteLine($"{file}: {prediction.PredictedLabel} ({prediction.Score.Max():P1})");
return 0;

/// <summary>What goes in.</summary>
internal sealed class Image
{
    public byte[] ImageBytes { get; set; } = [];
}

/// <summary>What comes out.</summary>
internal sealed class Prediction
{
    public string PredictedLabel { get; set; } = "";

    public float[] Score { get; set; } = [];
}
