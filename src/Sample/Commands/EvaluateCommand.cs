using System.CommandLine;
using Microsoft.ML;
using ResNetMLNet.Sample.Rendering;

namespace ResNetMLNet.Sample.Commands;

/// <summary>How good a saved model is on labelled images.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var data = new DataOptions();
        var model = SavedModel.CreateOption();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("evaluate", "Evaluates a saved model on test images, or on all images of a folder of one's own.")
        {
            model, json,
        };
        data.AddTo(command);
        command.SetAction(async parsed =>
        {
            var ml = new MLContext();
            ml.Log += new Progress(SteadyWriter.Error()).LogWarning;
            var saved = SavedModel.Load(ml, parsed.GetValue(model)!, model.Name);
            var images = await data.Open(ml, parsed, seed: 0, SteadyWriter.Error(), CancellationToken.None);
            var evaluation = Evaluate(ml, saved, images);
            if (parsed.GetValue(json))
            {
                StandardOutput.WriteJson(evaluation, SampleJson.Default.Evaluation);
                if (evaluation.Note() is { } note)
                {
                    SteadyWriter.Error().WriteLine(note);
                }
            }
            else
            {
                StandardOutput.Write(output => ConfusionTable.Write(output, evaluation));
            }

            return 0;
        });
        return command;
    }

    private static Evaluation Evaluate(MLContext ml, SavedModel saved, Images images)
    {
        var classes = saved.Network.Model.ClassNames;
        var known = KnownImages.Of(ml, images.All, classes);
        var metrics = ml.MulticlassClassification.Evaluate(saved.Score(ml, known.View, images.FeatureColumnName));
        var confusion = metrics.ConfusionMatrix.Counts;
        return new()
        {
            Images = (long)confusion.Sum(row => row.Sum()),
            Accuracy = metrics.MicroAccuracy,
            MacroAccuracy = metrics.MacroAccuracy,
            LogLoss = metrics.LogLoss,
            Classes = classes,
            Confusion = [.. confusion.Select(row => row.Select(count => (long)count).ToArray())],
            LeftOut = known.LeftOut,
        };
    }
}
