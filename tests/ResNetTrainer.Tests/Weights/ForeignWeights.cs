using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using ResNetMLNet.Formats;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Tests.Support;
using TorchSharp;

namespace ResNetMLNet.Tests.Weights;

/// <summary>Weights as other programs write them: of a tiny standard network for colours, with a head of seven classes.</summary>
internal static class ForeignWeights
{
    public const int Classes = 7;

    public static readonly ResNetArchitecture Architecture =
        ResNetArchitecture.ResNet18 with { Name = "resnet-1-1-1-1", Width = 4, Depths = new(1, 1, 1, 1) };

    /// <summary>Random weights and running statistics that are neither zero nor one.</summary>
    public static NamedTensors Create(ResNetArchitecture? architecture = null, int channels = 3)
    {
        TorchRuntime.EnsureLoaded();
        var plan = new NetworkPlan(architecture ?? Architecture, new(channels, Images.Size, Images.Size), Classes);
        using var network = TrainableNetwork.Create(plan, Initialisation.Xavier, seed: 5, torch.CPU, torch.ScalarType.Float32);
        var (random, weights) = (new Random(6), new NamedTensors());
        foreach (var (name, values) in network.Export().Tensors)
        {
            var role = plan.Tensors.Single(tensor => tensor.Name == name).Role;
            var disturbed = role is TensorRole.ConvolutionWeight or TensorRole.LinearWeight
                ? values.Data
                : values.Data.Select(value => (float)Half.CreateChecked(value + (random.NextSingle() / 2))).ToArray();
            weights.Add(name, values.Shape, disturbed);
        }

        return weights;
    }

    /// <summary>A safetensors file of values of 2, 4 or 8 bytes, with a counter beside each normalisation as PyTorch has it.</summary>
    public static byte[] SafeTensorsOf(NamedTensors weights, string type = "F32")
    {
        var header = new Dictionary<string, object>();
        using var data = new MemoryStream();
        foreach (var (name, values) in weights.Tensors)
        {
            Add(name, type, values.Shape, [.. values.Data.SelectMany(value => Bytes(type, value))]);
            if (name.EndsWith("running_var", StringComparison.Ordinal))
            {
                Add(name.Replace("running_var", "num_batches_tracked", StringComparison.Ordinal), "I64", [], BitConverter.GetBytes(3L));
            }
        }

        var json = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(header));
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return [.. length, .. json, .. data.ToArray()];

        void Add(string name, string dtype, long[] shape, byte[] bytes)
        {
            long[] offsets = [data.Length, data.Length + bytes.Length];
            header[name] = new Dictionary<string, object> { ["dtype"] = dtype, ["shape"] = shape, ["data_offsets"] = offsets };
            data.Write(bytes);
        }
    }

    private static byte[] Bytes(string type, float value) => type switch
    {
        "F16" => BitConverter.GetBytes((Half)value),
        "BF16" => BitConverter.GetBytes(value)[2..],
        "F64" => BitConverter.GetBytes((double)value),
        _ => BitConverter.GetBytes(value),
    };
}
