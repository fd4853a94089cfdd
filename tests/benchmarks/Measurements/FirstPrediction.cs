using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>Seconds from the start of a process to its first prediction with a saved model.</summary>
internal static class FirstPrediction
{
    public static Command Create()
    {
        var model = new Option<string?>("--model")
        { Description = "Load this model and predict; without it, do so in five new processes." };
        var command = new Command("first", "Seconds from the start of a process to its first prediction with a saved ResNet-18.") { model };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(model) is { } file)
            {
                Console.WriteLine(Predict(file));
                return;
            }

            var folder = Directory.CreateTempSubdirectory();
            try
            {
                var zip = Path.Combine(folder.FullName, "model.zip");
                var ml = new MLContext(1);
                using (var fitted = ScoringModels.Fit(ml, 96))
                {
                    ml.Model.Save(fitted, ScoringModels.Random(ml, 1, 96).Schema, zip);
                }

                for (var i = 0; i < 5; i++)
                {
                    string[] command = [.. ThisProgram.Command, "first", "--model", zip];
                    Process.Start(command[0], command[1..]).WaitForExit();
                }
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        });
        return command;
    }

    private static string Predict(string file)
    {
        var atMain = Elapsed();
        var ml = new MLContext();
        var model = ml.Model.Load(file, out _);
        var loaded = Elapsed();
        var scores = model.Transform(ScoringModels.Random(ml, 1, 96)).GetColumn<float[]>("Score").Single();
        return $"process start to Main {atMain:F2} s, model loaded {loaded:F2} s, "
            + $"first prediction ({scores.Length} classes) {Elapsed():F2} s";
    }

    private static double Elapsed() => (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds;
}
