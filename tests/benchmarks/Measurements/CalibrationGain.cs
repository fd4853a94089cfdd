using System.CommandLine;
using Microsoft.ML;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>What temperature scaling on held-out training images does to the probabilities of the test images.</summary>
internal static class CalibrationGain
{
    public static Command Create()
    {
        var imageSize = new Option<int>("--image-size") { DefaultValueFactory = _ => 28 };
        var epochs = new Option<int>("--epochs") { DefaultValueFactory = _ => 10 };
        var recipe = new Option<TrainingRecipe>("--recipe") { DefaultValueFactory = _ => TrainingRecipe.Fast };
        var flip = new Option<bool>("--flip") { Description = "Score with mirror images." };
        var network = new NetworkOptions();
        var data = FullData.Option();
        var command = new Command("calibration", "Log-loss and calibration error before and after temperature scaling.")
        {
            imageSize, epochs, recipe, flip, data,
        };
        network.AddTo(command);
        command.SetAction(parsed =>
        {
            var ml = new MLContext(1);
            var split = ml.Data.TrainTestSplit(FullData.Load(ml, parsed.GetValue(data)!, "train"), 0.1, seed: 1);
            var test = FullData.Load(ml, parsed.GetValue(data)!, "t10k");
            ResNetTrainer.Options Options() => new()
            {
                FeatureColumnName = "Pixels",
                ImageSize = parsed.GetValue(imageSize),
                NumberOfEpochs = parsed.GetValue(epochs),
                Recipe = parsed.GetValue(recipe),
                TestTimeAugmentation = parsed.GetValue(flip) ? TestTimeAugmentation.Flip : TestTimeAugmentation.None,
                Architecture = network.Get(parsed),
            };
            using var plain = ml.MulticlassClassification.Trainers.ResNet(Options()).Fit(split.TrainSet);

            // The same model, since nothing is learnt on the way.
            var calibrating = Options();
            (calibrating.StartFrom, calibrating.FrozenStages) = (plain, network.Get(parsed).Stages);
            calibrating.Augmentation = Augmentation.None;
            (calibrating.NumberOfEpochs, calibrating.LearningRate, calibrating.Calibrate) = (1, 1e-12, true);
            using var calibrated = ml.MulticlassClassification.Trainers.ResNet(calibrating).Fit(split.TrainSet, split.TestSet);

            var found = calibrated.Model.Training.Calibration!;
            Console.WriteLine($"temperature {found.Temperature:F3}");
            Console.WriteLine("| images | probabilities | log-loss | calibration error | accuracy |");
            Console.WriteLine("| --- | --- | --- | --- | --- |");
            Console.WriteLine($"| held out | as trained | {found.LossBefore:F4} | {found.CalibrationErrorBefore:F4} | |");
            Console.WriteLine($"| held out | calibrated | {found.LossAfter:F4} | {found.CalibrationErrorAfter:F4} | |");
            foreach (var (name, model) in ((string, ITransformer)[])[("as trained", plain), ("calibrated", calibrated)])
            {
                var scored = model.Transform(test);
                var metrics = ml.MulticlassClassification.Evaluate(scored);
                var error = ml.MulticlassClassification.CalibrationError(scored);
                Console.WriteLine($"| test | {name} | {metrics.LogLoss:F4} | {error:F4} | {metrics.MicroAccuracy:F4} |");
            }
        });
        return command;
    }
}
