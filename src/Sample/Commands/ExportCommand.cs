using System.CommandLine;
using Microsoft.ML;
using ResNetMLNet.Sample.Files;
using ResNetMLNet.Sample.Scoring;

namespace ResNetMLNet.Sample.Commands;

/// <summary>A saved model's network for other tools.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var model = SavedModel.CreateOption();
        var onnx = new Option<FileInfo?>("--onnx") { HelpName = "FILE", Description = "The file to write the network to, in ONNX format." };
        var bytes = new Option<bool>("--onnx-bytes")
        {
            Description = "The ONNX model takes bytes of 0 to 255. Default: floats of 0 to 1.",
        };
        var resize = new Option<bool>("--onnx-resize")
        {
            Description = "The ONNX model takes images of any size. Default: of the network's.",
        };
        var safetensors = new Option<FileInfo?>("--safetensors")
        {
            HelpName = "FILE",
            Description = "The file to write the weights to, under PyTorch's names.",
        };
        var command = new Verb("export", "Writes the network of a saved model for other tools.")
        {
            Examples =
            [
                "export --model out/model.zip --onnx model.onnx --onnx-bytes --onnx-resize",
                "export --model out/model.zip --safetensors weights.safetensors",
            ],
        };
        command.Add("Model", model);
        command.Add("Files to write", onnx, bytes, resize, safetensors);
        command.Check(result => WrittenFile.KeepApart(result, model, SavedModel.Usual, onnx, safetensors));
        command.Check(result =>
        {
            if (result.GetValue(onnx) is null && result.GetValue(safetensors) is null)
            {
                result.AddError("Say what to write: --onnx FILE or --safetensors FILE, or both.");
            }

            foreach (var ofOnnx in (Option<bool>[])[bytes, resize])
            {
                if (result.GetValue(ofOnnx) && result.GetValue(onnx) is null)
                {
                    result.AddError($"{ofOnnx.Name} needs {onnx.Name} FILE.");
                }
            }
        });
        command.SetAction(parsed =>
        {
            // Both are tried before either is written.
            var (graph, weights) = (WrittenFile.Get(parsed, onnx), WrittenFile.Get(parsed, safetensors));
            var network = SavedModel.Load(new MLContext(), parsed.GetValue(model)!, model.Name).Network.Model;
            Write(graph, path => network.ExportToOnnx(path, new()
            {
                PixelType = parsed.GetValue(bytes) ? OnnxPixelType.Byte : OnnxPixelType.Single,
                Resize = parsed.GetValue(resize),
            }));
            Write(weights, network.ExportToSafeTensors);
            return 0;
        });
        return command;
    }

    private static void Write(FileInfo? file, Action<string> write)
    {
        if (file is not null)
        {
            write(file.FullName);
            SteadyWriter.Output().WriteLine($"wrote {PlainText.OneLine(file.ToString())}");
        }
    }
}
