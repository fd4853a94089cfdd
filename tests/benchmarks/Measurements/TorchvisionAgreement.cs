using System.CommandLine;
using Microsoft.ML;
using ResNetMLNet.Fitting;
using ResNetMLNet.Formats;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Network.Importing;
using TorchSharp;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>
/// Logits of whole networks with torchvision's random weights, and of our own for torchvision: see
/// tests/fixtures/compare_torchvision.py.
/// </summary>
internal static class TorchvisionAgreement
{
    private const double Tolerance = 1e-4;

    public static Command Create()
    {
        var folder = new Option<DirectoryInfo>("--folder") { Description = "What compare_torchvision.py made.", Required = true };
        var command = new Command("torchvision", "Compares networks with torchvision's, weight for weight.") { folder };
        command.SetAction(parsed => Run(parsed.GetValue(folder)!.FullName));
        return command;
    }

    private static int Run(string folder)
    {
        TorchRuntime.EnsureLoaded();
        var worst = 0f;
        foreach (var @case in Directory.GetFiles(folder, "*.case.safetensors").Order(StringComparer.Ordinal))
        {
            using var scope = torch.NewDisposeScope();
            var file = @case.Replace(".case.safetensors", ".safetensors", StringComparison.Ordinal);
            var (image, expected) = (Tensor(@case, "image"), Tensor(@case, "logits"));
            var start = StartingFile.Read(Internals.EnvironmentOf(new MLContext().Data), InitialWeights.FromFile(file));
            var plan = new NetworkPlan(start.Architecture, new(3, (int)image.shape[2], (int)image.shape[3]), (int)expected.shape[1]);
            using var fresh = TrainableNetwork.Create(plan, Initialisation.Xavier, seed: 1, torch.CPU, torch.ScalarType.Float32);
            var own = fresh.Export();
            var logits = Logits(plan, WeightImport.Fit(start.Weights, plan, own), image);
            var difference = ((logits - expected).abs().max() / expected.abs().max()).item<float>();
            Console.WriteLine($"{start.Architecture}: torchvision's weights here, logits differ by {difference:E1} of the largest");
            worst = Math.Max(worst, difference);

            Write(file.Replace(".safetensors", ".ours.safetensors", StringComparison.Ordinal), own);
            var ours = new NamedTensors();
            ours.Add("image", image.shape, image.data<float>().ToArray());
            ours.Add("logits", expected.shape, Logits(plan, own, image).data<float>().ToArray());
            Write(file.Replace(".safetensors", ".ours-case.safetensors", StringComparison.Ordinal), ours);
        }

        return worst < Tolerance ? 0 : 1;
    }

    private static torch.Tensor Logits(NetworkPlan plan, NamedTensors weights, torch.Tensor image)
    {
        using var network = new FoldedNetwork(plan, weights, torch.CPU);
        return network.Forward(image);
    }

    private static torch.Tensor Tensor(string path, string name)
    {
        using var file = File.OpenRead(path);
        var values = SafeTensors.Read(file).Tensors[name];
        return torch.tensor(values.Data, values.Shape);
    }

    private static void Write(string path, NamedTensors tensors)
    {
        using var file = File.Create(path);
        SafeTensors.Write(file, tensors, new Dictionary<string, string>());
    }
}
