using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>Whether an exported model, run by ML.NET's ApplyOnnxModel, says what the transformer says, over the whole test set.</summary>
internal static class Agreement
{
    public static Command Create()
    {
        var file = new Option<string>("--model") { Required = true, Description = "A model.zip trained on Fashion-MNIST." };
        var data = FullData.Option();
        var command = new Command("agreement", "The transformer against ApplyOnnxModel over the test set.") { file, data };
        command.SetAction(parsed =>
        {
            var ml = new MLContext(1);
            var loaded = ml.Model.Load(parsed.GetValue(file)!, out _);
            var network = ResNetTransformer.Find(loaded);
            var onnx = Path.GetTempFileName();
            try
            {
                network.Model.ExportToOnnx(onnx, new() { Resize = true, PixelType = OnnxPixelType.Byte });
                var test = FullData.Load(ml, parsed.GetValue(data)!, "t10k");
                var size = ((VectorDataViewType)test.Schema["Pixels"].Type).Dimensions;
                var shapes = new Dictionary<string, int[]> { ["pixels"] = [1, .. size] };
                var apply = ml.Transforms.CopyColumns("pixels", "Pixels")
                    .Append(
                        ml.Transforms.ApplyOnnxModel(["probabilities"], ["pixels"], onnx, shapes, gpuDeviceId: null, fallbackToCpu: false));
                var ours = network.Transform(test).GetColumn<float[]>(network.ScoreColumnName).ToArray();
                var theirs = apply.Fit(test).Transform(test).GetColumn<float[]>("probabilities").ToArray();
                var differences = ours.Zip(theirs, (one, other) => one.Zip(other, (a, b) => Math.Abs(a - b)).Max()).ToArray();
                var classes = ours.Zip(theirs, (one, other) =>
                    Array.IndexOf(one, one.Max()) == Array.IndexOf(other, other.Max())).Count(same => !same);
                Console.WriteLine($"{ours.Length} images: largest difference of a probability {differences.Max():G3}, other "
                    + $"class in {classes}");
            }
            finally
            {
                File.Delete(onnx);
            }
        });
        return command;
    }
}
