using System.IO.Compression;
using System.Text;
using Microsoft.ML;
using ResNetMLNet.Fitting;
using ResNetMLNet.Formats;
using ResNetMLNet.Formats.PyTorch;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Network.Importing;
using ResNetMLNet.Tests.Support;
using TorchSharp;

namespace ResNetMLNet.Tests.Weights;

/// <summary>Files that PyTorch wrote (see tests/fixtures) give the network whose logits PyTorch computed.</summary>
[TestClass]
public class PyTorchFilesTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures");

    [TestMethod]
    [DataRow("basic", "-folded.onnx")]
    [DataRow("basic", "-unfolded.onnx")]
    [DataRow("basic", ".pth")]
    [DataRow("bottleneck", "-folded.onnx")]
    [DataRow("bottleneck", "-unfolded.onnx")]
    [DataRow("bottleneck", ".pth")]
    public void A_network_in_PyTorchs_files_computes_PyTorchs_logits(string name, string file)
    {
        TorchRuntime.EnsureLoaded();
        using var scope = torch.NewDisposeScope();
        using var stream = File.OpenRead(Path.Combine(Folder, $"{name}.safetensors"));
        var fixture = SafeTensors.Read(stream).Tensors;
        var start = StartingFile.Read(Internals.EnvironmentOf(new MLContext().Data),
            InitialWeights.FromFile(Path.Combine(Folder, $"{name}{file}")));
        var plan = new NetworkPlan(start.Architecture, new(3, 48, 48), 5);
        using var fresh = TrainableNetwork.Create(plan, Initialisation.He, 1, torch.CPU, torch.ScalarType.Float32);
        using var network = new FoldedNetwork(plan, WeightImport.Fit(start.Weights, plan, fresh.Export()), torch.CPU);

        var logits = network.Forward(torch.tensor(fixture["input"].Data, fixture["input"].Shape)).data<float>().ToArray();

        Snapshot.AssertNear([fixture["logits.eval"].Data], [logits], 1e-4);
        Assert.AreEqual(PixelStatistics.ImageNet, start.Statistics);
    }

    [TestMethod]
    public void Only_what_dictionaries_of_tensors_are_made_of_is_built_and_the_rest_is_refused_by_name()
    {
        // What os.system("true") looks like, and a class of someone's own.
        StringAssert.Contains(Refused("\u0080\u0002cposix\nsystem\n(X\u0004\u0000\u0000\u0000truetR."),
            "something of the kind posix.system");
        StringAssert.Contains(Refused("\u0080\u0002cmodels\nNet\n)R."), "something of the kind models.Net");
        StringAssert.Contains(Refused("\u0080\u0002ccollections\nOrderedDict\n)\u0081."), "the operation 0x81");
        StringAssert.Contains(Refused("\u0080\u0002N."), "it is not a dictionary");
        StringAssert.Contains(Refused("\u0080\u0002}X\u00ff\u00ff\u00ff\u007f"), "it ends too early");
        StringAssert.Contains(Refused("\u0080\u0002}q\u0000h\u0001."), "it uses the value 1");
        StringAssert.Contains(Refused("\u0080\u0002}}."), "conv1.weight");
    }

    [TestMethod]
    public void A_dictionary_within_itself_or_nested_beyond_reason_is_no_trouble()
    {
        StringAssert.Contains(Refused("\u0080\u0002}q\u0000X\u0001\u0000\u0000\0ah\u0000s."), "conv1.weight");
        var nested = string.Concat(Enumerable.Repeat("}X\u0001\u0000\u0000\0a", 100_000)) + "N" + new string('s', 100_000);
        StringAssert.Contains(Refused($"\u0080\u0002{nested}."), "nested too deeply");
    }

    [TestMethod]
    public void A_tensor_must_lie_within_its_storage()
    {
        // The tensor itself is read, and is then not what a convolution is.
        StringAssert.Contains(Refused(Tensor(offset: 0, shape: 4, stride: 1), values: 4), "'conv1.weight' has the shape (4)");
        foreach (var (offset, shape, stride) in ((int, int, int)[])[(1, 4, 1), (0, 5, 1), (0, 4, 2), (-1, 2, 1), (0, 1_000_000_000, 0)])
        {
            StringAssert.Contains(Refused(Tensor(offset, shape, stride), values: 4), "sees values that the file does not have");
        }
    }

    [TestMethod]
    public void Tensors_of_more_sides_and_names_of_more_characters_than_any_has_are_refused()
    {
        StringAssert.Contains(Refused(Tensor(offset: 0, shape: 1, stride: 1, sides: 8), values: 1), "(1, 1, 1, 1, 1, 1, 1, 1)");
        StringAssert.Contains(Refused(Tensor(offset: 0, shape: 1, stride: 1, sides: 9), values: 1), "it has a tensor of 9 sides");
        var nested = $"}}X{Integer(600)}{new string('a', 600)}";
        StringAssert.Contains(Refused($"\u0080\u0002{nested}Ns."), "conv1.weight");
        StringAssert.Contains(Refused($"\u0080\u0002{nested}{nested}Nss."), "a name of more than 1,000 characters");
    }

    [TestMethod]
    public void A_key_that_a_pickle_uses_again_is_not_copied()
    {
        const int Length = 1_000_000;
        var again = string.Concat(Enumerable.Repeat("h\u0000Ns", 100));
        var pickle = new Pickle(
            Encoding.Latin1.GetBytes($"\u0080\u0002}}X{Integer(Length)}{new string('a', Length)}q\u00000{again}."),
            (_, _) => null,
            _ => null);
        var before = GC.GetAllocatedBytesForCurrentThread();

        pickle.Read();

        Assert.IsLessThan(10L * Length, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void Files_of_another_form_are_named()
    {
        StringAssert.Contains(RefusedFile([0x80, 2, 0x8a, 10]), "before PyTorch 1.6");
        StringAssert.Contains(RefusedFile("PK and nothing"u8.ToArray()), "neither a zip");
        StringAssert.Contains(RefusedFile(Zip(("a/data.pkl", "\u0080\u0002}."), ("a/constants.pkl", ""))), "TorchScript");
        StringAssert.Contains(RefusedFile(Zip(("a/data.pkl", "\u0080\u0002}."), ("a/byteorder", "big"))), "another byte order");
        StringAssert.Contains(RefusedFile(Zip(("a/other", ""))), "no data.pkl");
        StringAssert.Contains(RefusedFile(Zip(("a/data.pkl", $"\u0080\u0002{new string('}', 17 << 20)}."))), "more than any ResNet's");
    }

    private static string Tensor(int offset, int shape, int stride, int sides = 1) =>
        "\u0080\u0002}X\u000c\u0000\u0000\0conv1.weightctorch._utils\n_rebuild_tensor_v2\n"
        + "((X\u0007\u0000\u0000\u0000storagectorch\nFloatStorage\nX\u0001"
        + "\u0000\u0000\u00000X\u0003\u0000\u0000\0cpuK\u0004tQ"
        + $"J{Integer(offset)}{Tuple(shape, sides)}{Tuple(stride, sides)}\u0089ccollections\nOrderedDict\n)RtRs.";

    private static string Tuple(int value, int count) => $"({string.Concat(Enumerable.Repeat($"J{Integer(value)}", count))}t";

    private static string Integer(int value) => Encoding.Latin1.GetString(BitConverter.GetBytes(value));

    private static string Refused(string pickle, int values = 0) =>
        RefusedFile(Zip(("archive/data.pkl", pickle), ("archive/data/0", new string('\u0000', 4 * values))));

    private static string RefusedFile(byte[] content)
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.pth");
        try
        {
            File.WriteAllBytes(path, content);
            return Assert.ThrowsExactly<InvalidOperationException>(
                () => StartingFile.Read(Internals.EnvironmentOf(new MLContext().Data), InitialWeights.FromFile(path))).Message;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static byte[] Zip(params (string Name, string Content)[] entries)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(Encoding.Latin1.GetBytes(content));
            }
        }

        return stream.ToArray();
    }
}
