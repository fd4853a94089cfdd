using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Microsoft.ML;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using ResNetMLNet.Formats;
using ResNetMLNet.Network;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.BadInput;

/// <summary>Saved models that are not what they should be are refused; what ML.NET wraps around our error does not count.</summary>
[TestClass]
public class ModelTests
{
    private static readonly byte[] Zip = Save();

    [TestMethod]
    public void A_newer_format_says_so() => Refused(
        Change("model.json", bytes => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace("\"formatVersion\": 1", "\"formatVersion\": 2"))),
        "newer version", "Update");

    [TestMethod]
    public void A_missing_header() => Refused(Change("model.json", _ => null), "model.json", "missing");

    [TestMethod]
    public void A_header_that_is_not_JSON() => Refused(Change("model.json", _ => "nonsense"u8.ToArray()), "model.json");

    [TestMethod]
    public void Missing_weights() => Refused(Change("weights.safetensors", _ => null), "weights.safetensors", "missing");

    [TestMethod]
    public void Truncated_weights() => Refused(Change("weights.safetensors", bytes => bytes[..^100]), "weights.safetensors");

    [TestMethod]
    public void A_missing_tensor() => Refused(Retensor((name, shape, data) => name == "fc.bias" ? null : (name, shape, data)), "fc.bias", "missing");

    [TestMethod]
    public void An_extra_tensor() =>
        Refused(Retensor((name, shape, data) => (name, shape, data), ("more", [1], [0f])), "more", "does not have");

    [TestMethod]
    public void A_misshapen_tensor() => Refused(
        Retensor((name, shape, data) => name == "fc.bias" ? (name, [1, .. shape], data) : (name, shape, data)), "fc.bias", "shape");

    [TestMethod]
    public void A_truncated_zip_is_refused()
    {
        // By ML.NET itself, before it asks us.
        using var stream = new MemoryStream(Zip[..^200]);
        Assert.Throws<Exception>(() => new MLContext().Model.Load(stream, out _));
    }

    [TestMethod]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "overlaps")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "gap")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "beyond")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, "take 4 bytes")]
    [DataRow("""{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}""", 8, "F64")]
    [DataRow("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "has 8 bytes")]
    [DataRow("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "-1")]
    [DataRow("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}""", 4, "a")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "two tensors")]
    [DataRow("""{"a":{"dtype":"F32"}}""", 4, "header")]
    [DataRow("""[1]""", 4, "header")]
    [DataRow("""nonsense""", 4, "header")]
    public void A_damaged_safetensors_file(string header, int bytes, string word)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + json.Length + bytes];
        BinaryPrimitives.WriteInt64LittleEndian(file, json.Length);
        json.CopyTo(file, 8);

        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => SafeTensors.Read(new MemoryStream(file))).Message, word);
    }

    [TestMethod]
    [DataRow(long.MaxValue)]
    [DataRow(-1L)]
    [DataRow(100L)]
    public void A_safetensors_header_that_claims_too_much(long length)
    {
        var file = new byte[20];
        BinaryPrimitives.WriteInt64LittleEndian(file, length);

        Assert.ThrowsExactly<InvalidDataException>(() => SafeTensors.Read(new MemoryStream(file)));
        Assert.ThrowsExactly<InvalidDataException>(() => SafeTensors.Read(new MemoryStream(new byte[3])));
    }

    [TestMethod]
    public void A_writer_that_fails_leaves_the_old_file_and_nothing_else()
    {
        var folder = Directory.CreateTempSubdirectory("resnet-tests-").FullName;
        var path = Path.Combine(folder, "file");
        File.WriteAllText(path, "old");
        Assert.ThrowsExactly<IOException>(() => AtomicFile.Write(path, stream =>
        {
            stream.WriteByte(1);
            throw new IOException("full");
        }));

        Assert.AreEqual("old", File.ReadAllText(path));
        Assert.HasCount(1, Directory.GetFiles(folder));
        Directory.Delete(folder, recursive: true);
    }

    private static void Refused(byte[] zip, params string[] words)
    {
        using var stream = new MemoryStream(zip);
        var error = Assert.Throws<Exception>(() => new MLContext().Model.Load(stream, out _));
        while (error.InnerException is { } inner && error is not InvalidOperationException { Message: var message } || !error.Message.Contains(words[0]))
        {
            error = error.InnerException ?? throw new AssertFailedException($"Nothing says '{words[0]}': {error}");
        }

        Assert.IsInstanceOfType<InvalidOperationException>(error);
        foreach (var word in words)
        {
            StringAssert.Contains(error.Message, word);
        }
    }

    private static byte[] Save()
    {
        var ml = Images.Context();
        using var model = Images.Trainer(ml).Fit(Images.Labelled());
        using var zip = new MemoryStream();
        ml.Model.Save(model, null, zip);
        return zip.ToArray();
    }

    // The zip with one entry changed, or left out.
    private static byte[] Change(string entry, Func<byte[], byte[]?> change)
    {
        using var target = new MemoryStream();
        using (var source = new ZipArchive(new MemoryStream(Zip)))
        using (var archive = new ZipArchive(target, ZipArchiveMode.Create))
        {
            foreach (var item in source.Entries)
            {
                using var content = new MemoryStream();
                item.Open().CopyTo(content);
                var bytes = item.Name == entry ? change(content.ToArray()) : content.ToArray();
                if (bytes is not null)
                {
                    using var stream = archive.CreateEntry(item.FullName).Open();
                    stream.Write(bytes);
                }
            }
        }

        return target.ToArray();
    }

    private static byte[] Retensor(
        Func<string, long[], float[], (string Name, long[] Shape, float[] Data)?> change, params (string Name, long[] Shape, float[] Data)[] more) =>
        Change("weights.safetensors", bytes =>
        {
            var weights = new NamedTensors();
            foreach (var (name, tensor) in SafeTensors.Read(new MemoryStream(bytes)).Tensors)
            {
                if (change(name, tensor.Shape, tensor.Data) is { } changed)
                {
                    weights.Add(changed.Name, changed.Shape, changed.Data);
                }
            }

            foreach (var (name, shape, data) in more)
            {
                weights.Add(name, shape, data);
            }

            using var stream = new MemoryStream();
            SafeTensors.Write(stream, weights, new Dictionary<string, string>());
            return stream.ToArray();
        });
}
