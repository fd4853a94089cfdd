using System.CommandLine;
using ResNetMLNet.Sample.Images;
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
            HelpName = "DIR",
            Description = "Where model.zip, metrics.json, report.html and the charts go. Default: out.",
            DefaultValueFactory = _ => new("out"),
        };

        var command = new Verb(
            "train", "Trains a network, evaluates it, saves it, loads it again and scores some images (the default command).")
        {
            Examples =
            [
                "train --images flowers --pretrained",
                "train --images flowers/train --test-images flowers/val --pretrained --frozen-stages 4",
                "train --download --recipe best --checkpoint checkpoints",
                "train --download --recipe best --checkpoint checkpoints --resume",
                "train --recipe book",
            ],
        };
        data.AddTo(command, trains: true);
        training.AddTo(command);
        command.Add("Results", output);
        command.SetAction(parsed =>
        {
            // Of several processes that train together, one speaks.
            if (!DistributedProcess.IsFirst)
            {
                Console.SetOut(TextWriter.Null);
            }

            data.RequireFolders(parsed);
            data.RequireOutside(parsed, output, parsed.GetValue(output));
            data.RequireOutside(parsed, training.Checkpoint, parsed.GetValue(training.Checkpoint));

            // What is said of them need not wait for images that are decoded, or fetched.
            var folder = DistributedProcess.IsFirst ? TrainingRun.OpenFolder(parsed.GetValue(output)!.FullName, output.Name) : null;
            training.OpenCheckpoints(parsed);
            using var signals = new Signals();
            var display = TrainingDisplay.Create();
            if (DistributedProcess.IsFirst)
            {
                signals.Ended.Register(() => display.Answer(
                    "ending after this step; what has been trained by then is saved. Ctrl+C again ends at once, unsaved "
                    + "(checkpoints stay)"));
                signals.Forced += display.Leave;
            }

            var ml = training.CreateContext(parsed);
            ml.Log += display.Log;
            var images = data.Open(ml, parsed, training.Seed(parsed), SteadyWriter.Output(), signals.Ended);
            var options = training.Get(ml, parsed, images);
            string[] hints = images.IsOwn && DistributedProcess.IsFirst
                ? [.. DuplicateImages.Problems(ml, images, signals.Ended), .. TrainOptions.Hints(options)]
                : [];
            foreach (var hint in hints)
            {
                display.WriteLine(hint);
            }

            var run = new TrainingRun(ml, images, options, signals, display)
            {
                Start = training.Start(parsed),
                TestImages = data.TestImages(parsed),
                WayOn = model => training.WayOn(parsed, model),
            };
            return folder is null ? run.RunBeside() : run.Run(folder);
        });
        return command;
    }
}
