using Microsoft.ML;
using ResNetMLNet;

// How good is a model likely to be on images that nobody has seen, where some classes have many images and others few?
// Each fifth of the images is tested by a model that is trained on the other four.
if (args is not [var folder])
{
    Console.Error.WriteLine("Usage: CrossValidation FOLDER, with one sub-folder of images a class.");
    return 2;
}

var ml = new MLContext(seed: 1);
var images = ml.Data.LoadFromImageFolder(folder);

var trainer = ml.MulticlassClassification.Trainers.ResNet(new ResNetTrainer.Options
{
    FeatureColumnName = "ImageBytes",
    ImageSize = 96,
    InitialWeights = PretrainedWeights.ImageNet,
    FrozenStages = 4,

    // A class of ten images counts as much as one of a thousand.
    ClassWeights = ClassWeights.Balanced,
});

var folds = ml.MulticlassClassification.CrossValidate(images, trainer, numberOfFolds: 5);
foreach (var fold in folds)
{
    // The macro accuracy is the mean over classes: it does not hide a class that is small and always wrong.
    var metrics = fold.Metrics;
    Console.WriteLine($"Fold {fold.Fold + 1}: accuracy {metrics.MicroAccuracy:P1}, mean over classes {metrics.MacroAccuracy:P1}");
}

var accuracies = folds.Select(fold => fold.Metrics.MacroAccuracy).ToArray();
Console.WriteLine($"Mean over classes and folds: {accuracies.Average():P1}, from {accuracies.Min():P1} to {accuracies.Max():P1}");
return 0;
