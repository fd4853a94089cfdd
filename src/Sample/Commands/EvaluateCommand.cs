using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Sample.Files;
using ResNetMLNet.Sample.Images;
using ResNetMLNet.Sample.Rendering;
using ResNetMLNet.Sample.Reporting;
using ResNetMLNet.Sample.Scoring;

namespace ResNetMLNet.Sample.Commands;

/// <summary>How good a saved model is on labelled images.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var data = new DataOptions();
        var model = SavedModel.CreateOption();
        var rejectBelow = new RejectBelowOption();
        var json = new Option<bool>("--json") { Description = "Prints JSON." };
        var report = new Option<FileInfo?>("--report") { HelpName = "FILE", Description = "An HTML file to write a report to." };
        var predictions = new Option<FileInfo?>("--predictions")
        {
            HelpName = "FILE",
            Description = "A CSV file of predictions, a line an image: image, label, predicted, probability.",
        };
        var command = new Verb("evaluate", "Evaluates a saved model on test images, or on all images of a folder.")
        {
            Examples =
            [
                "evaluate",
                "evaluate --model out/model.zip --images flowers-new --report report.html",
                "evaluate --model out/model.zip --images flowers --held-out --predictions predictions.csv",
            ],
        };
        command.Add("Model", model, rejectBelow.Option);
        data.AddTo(command, trains: false);
        command.Add("Results", json, report, predictions);
        command.Check(result => WrittenFile.KeepApart(result, model, SavedModel.Usual, report, predictions));
        command.SetAction(parsed =>
        {
            var (target, table) = (WrittenFile.Get(parsed, report), WrittenFile.Get(parsed, predictions));
            var ml = new MLContext();
            ml.Log += (_, message) =>
            {
                if (message.Kind == ChannelMessageKind.Warning)
                {
                    SteadyWriter.Error().WriteLine(PlainText.OneLine(OptionNames.InCommandLine(message.RawMessage)));
                }
            };
            var saved = rejectBelow.Apply(parsed, SavedModel.Load(ml, parsed.GetValue(model)!, model.Name));
            var images = data.Open(ml, parsed, seed: null, SteadyWriter.Error(), CancellationToken.None);
            var known = KnownImages.Of(ml, images, saved.Network.Model.ClassNames);
            var scored = ScoredImages.Of(ml, saved.Score(ml, known.View, images.FeatureColumnName), saved.Network, known.LeftOut);
            var evaluation = scored.Evaluation with { Unreadable = images.Unreadable };
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

            if (table is not null)
            {
                OutputFile.Write(table.FullName, stream => PredictionsFile.Write(stream, known.View, scored, saved.Network.Model));
            }

            if (target is not null)
            {
                var explain = HeatMap.With(ml, saved.Network, images.FeatureColumnName);
                var page = new ReportBuilder(ml, saved.Network.Model, images) { Explain = explain }.OfEvaluation(scored, known.View);
                OutputFile.Write(target.FullName, stream => ReportFile.Write(stream, page));
            }

            return 0;
        });
        return command;
    }
}
