using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;
using ResNetMLNet.Sample.Rendering;

namespace ResNetMLNet.Sample.Commands;

/// <summary>The main job: train, evaluate, save, load again, score.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var data = new DataOptions();
        var recipe = new Option<TrainingRecipe>("--recipe") { Description = "fast; best: more accurate and slow; book: that of Dive into Deep Learning, 7.6." };
        var epochs = new Option<int?>("--epochs") { Description = "Passes over the training images." };
        var batchSize = new Option<int?>("--batch-size") { Description = "Images a step." };
        var learningRate = new Option<double?>("--learning-rate") { Description = "The (highest) learning rate." };
        var imageSize = new Option<int?>("--image-size") { Description = "Pixels a side that the network sees. Default: 32; 96 with --recipe book; 128 with --images." };
        var architecture = new ArchitectureOption();
        var precision = new Option<ComputePrecision>("--precision") { Description = "What convolutions compute in: auto, float32 or bfloat16." };
        var device = new Option<string>("--device") { Description = "auto, cpu, cuda or cuda:n.", DefaultValueFactory = _ => "auto" };
        device.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } text && !DeviceName.TryParse(text, out _, out _))
            {
                result.AddError($"--device is '{text}', but it must be auto, cpu, cuda or cuda:n.");
            }
        });
        var seed = new Option<int>("--seed") { Description = "The seed of weights, order and augmentation." };
        var startFrom = new Option<FileInfo?>("--start-from") { Description = "A model.zip whose weights training starts from; its classes may be fewer." };
        var checkpoint = new Option<DirectoryInfo?>("--checkpoint") { Description = "A folder for a checkpoint after each epoch, from which --resume goes on." };
        var resume = new Option<bool>("--resume") { Description = "Goes on from the newest checkpoint in the folder of --checkpoint." };
        var output = new Option<DirectoryInfo>("--out") { Description = "Where model.zip, metrics.json and curves.png go.", DefaultValueFactory = _ => new("out") };

        var command = new Command("train", "Trains a network, evaluates it, saves it, loads it again and scores some images (the default command).")
        {
            recipe, epochs, batchSize, learningRate, imageSize, precision, device, seed, startFrom, checkpoint, resume, output,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(resume) && result.GetValue(checkpoint) is null)
            {
                result.AddError("--resume needs --checkpoint DIR, the folder to go on from.");
            }
        });
        data.AddTo(command);
        architecture.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            DeviceName.TryParse(parsed.GetValue(device)!, out var computeDevice, out var gpu);
            var ml = new MLContext(parsed.GetValue(seed)) { GpuDeviceId = gpu };
            var images = await data.Open(ml, parsed, parsed.GetValue(seed), cancellation);
            var options = new ResNetTrainer.Options
            {
                FeatureColumnName = images.FeatureColumnName,
                ImageChannels = images.ImageChannels,
                Recipe = parsed.GetValue(recipe),
                NumberOfEpochs = parsed.GetValue(epochs),
                BatchSize = parsed.GetValue(batchSize),
                LearningRate = parsed.GetValue(learningRate),
                ImageSize = parsed.GetValue(imageSize) ?? DefaultImageSize(parsed.GetValue(recipe), images),
                Architecture = architecture.Get(parsed),
                Precision = parsed.GetValue(precision),
                Device = computeDevice,
                ValidationSet = images.Test,
                TestTimeFlip = parsed.GetValue(recipe) != TrainingRecipe.Book,
                StartFrom = parsed.GetValue(startFrom) is { } zip ? SavedModel.Load(ml, zip).Network : null,
                Checkpoints = parsed.GetValue(checkpoint) is { } folder
                    ? new() { Directory = folder.FullName, Resume = parsed.GetValue(resume) }
                    : null,
                CancellationToken = cancellation,
                OnCancellation = CancellationBehavior.ReturnModel,
            };
            return Run(ml, images, options, parsed.GetValue(output)!.FullName);
        });
        return command;
    }

    private static int Run(MLContext ml, Images images, ResNetTrainer.Options options, string folder)
    {
        var watch = Stopwatch.StartNew();
        var progress = new Progress(Console.Out);
        options.EpochCallback = progress.Epoch;
        ml.Log += progress.Log;

        var pipeline = ml.MulticlassClassification.Trainers.ResNet(options)
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        var model = pipeline.Fit(images.Train);

        var network = model.OfType<ResNetTransformer>().Single();
        var seconds = watch.Elapsed.TotalSeconds;
        var cancelled = network.Model.Training.Outcome == TrainingOutcome.Cancelled;

        // What was trained is safe before anything else is done with it.
        Directory.CreateDirectory(folder);
        var zip = Path.Combine(folder, "model.zip");
        OutputFile.Write(zip, stream => ml.Model.Save(model, images.Train.Schema, stream));

        var test = cancelled ? null : ml.MulticlassClassification.Evaluate(model.Transform(images.Test));
        if (test is not null)
        {
            Console.WriteLine($"test accuracy {test.MicroAccuracy:F4}, loss {test.LogLoss:F4}{(options.TestTimeFlip ? ", scored with mirror images" : "")}, after {seconds:F0} s");
        }

        OutputFile.WriteJson(Path.Combine(folder, "metrics.json"), TrainingMetrics.Of(network.Model, options, test?.MicroAccuracy, seconds));
        OutputFile.Write(Path.Combine(folder, "curves.png"), stream => CurvesPlot.Write(stream, network.Model.History));
        Console.WriteLine($"wrote model.zip, metrics.json and curves.png to {folder}");
        if (cancelled)
        {
            Console.Error.WriteLine($"Cancelled in epoch {network.Model.History.Count + 1}; what was trained so far is in {folder}.");
            return Exit.Cancelled;
        }

        // As another program would: a new context, nothing registered.
        var again = new MLContext();
        var loaded = again.Model.Load(zip, out _);
        Console.WriteLine("loaded model.zip into a new MLContext; the first test images as it sees them:");
        PredictionTable.Write(Console.Out, loaded.Transform(again.Data.TakeRows(images.Test, 8)), images.FeatureColumnName);
        return 0;
    }

    private static int DefaultImageSize(TrainingRecipe recipe, Images images) =>
        images.ImageChannels == 3 ? 128 : recipe == TrainingRecipe.Book ? 96 : 32;
}
