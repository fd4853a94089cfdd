using System.CommandLine;
using Microsoft.ML;

namespace ResNetMLNet.Sample.Commands;

/// <summary>A saved model's network for other tools.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var model = SavedModel.CreateOption();
        var safetensors = new Option<FileInfo>("--safetensors") { Description = "The file to write the weights to.", Required = true };
        var command = new Command("export", "Writes the weights of a saved model in safetensors format, under PyTorch's names.") { model, safetensors };
        command.SetAction(parsed =>
        {
            var target = parsed.GetValue(safetensors)!;
            SavedModel.Load(new MLContext(), parsed.GetValue(model)!).Network.Model.ExportToSafeTensors(target.FullName);
            Console.WriteLine($"wrote {target}");
            return 0;
        });
        return command;
    }
}
