using System.CommandLine;
using ResNetMLNet.Sample.Rendering;

namespace ResNetMLNet.Sample.Commands;

/// <summary>The main job: train, evaluate, save, load again, score.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var data = new DataOptions();
        var training = new TrainOptions();
        var output = new Option<DirectoryInfo>("--out")
        {
            Description = "Where model.zip, metrics.json and curves.png go.",
            DefaultValueFactory = _ => new("out"),
        };

        var command = new Command(
            "train", "Trains a network, evaluates it, saves it, loads it again and scores some images (the default command).");
        training.AddTo(command);
        command.Add(output);
        data.AddTo(command);
        command.SetAction(async parsed =>
        {
            using var signals = new Signals();
            var lines = SteadyWriter.Output();
            var ml = training.CreateContext(parsed);
            ml.Log += new Progress(lines).Log;
            var images = await data.Open(ml, parsed, training.Seed(parsed), lines, signals.Ended);
            var options = training.Get(ml, parsed, images);
            return new TrainingRun(ml, images, options, signals, lines).Run(parsed.GetValue(output)!.FullName, output.Name);
        });
        return command;
    }
}
