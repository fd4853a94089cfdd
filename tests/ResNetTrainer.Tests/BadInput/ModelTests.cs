using System.Buffers.Binary;
using System.Text;
using Microsoft.ML;
using ResNetMLNet.Formats;
using ResNetMLNet.Saving;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.BadInput;

/// <summary>Saved models that are not what they should be are refused; what ML.NET wraps around our error does not count.</summary>
[TestClass]
public class ModelTests
{
    [TestMethod]
    public void A_newer_format_says_so() => SavedZip.Refused(
        SavedZip.ChangeHeader(header => header["formatVersion"] = ModelHeader.CurrentVersion + 1), "newer version", "Update");

    [TestMethod]
    public void A_missing_header() => SavedZip.Refused(SavedZip.Change("model.json", _ => null), "model.json", "missing");

    [TestMethod]
    public void A_header_that_is_not_JSON() => SavedZip.Refused(SavedZip.Change("model.json", _ => "nonsense"u8.ToArray()), "model.json");

    [TestMethod]
    public void Missing_weights() => SavedZip.Refused(SavedZip.Change("weights.safetensors", _ => null), "weights.safetensors", "missing");

    [TestMethod]
    public void Truncated_weights() =>
        SavedZip.Refused(SavedZip.Change("weights.safetensors", bytes => bytes[..^100]), "weights.safetensors");

    [TestMethod]
    public void A_missing_tensor() => SavedZip.Refused(
        SavedZip.ChangeTensors((name, shape, data) => name == "fc.bias" ? null : (name, shape, data)), "fc.bias", "missing");

    [TestMethod]
    public void An_extra_tensor() =>
        SavedZip.Refused(SavedZip.ChangeTensors((name, shape, data) => (name, shape, data), ("more", [1], [0f])), "more", "does not have");

    [TestMethod]
    public void A_misshapen_tensor() => SavedZip.Refused(
        SavedZip.ChangeTensors((name, shape, data) => (name, name == "fc.bias" ? [1, .. shape] : shape, data)), "fc.bias", "shape");

    [TestMethod]
    public void A_truncated_zip_is_refused()
    {
        // By ML.NET itself, before it asks us.
        using var stream = new MemoryStream(SavedZip.Bytes[..^200]);
        Assert.Throws<Exception>(() => new MLContext().Model.Load(stream, out _));
    }

    [TestMethod]
    [DataRow(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "overlaps")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "gap")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "beyond")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, "take 4 bytes")]
    [DataRow("""{"a":{"dtype":"F8_E5M2","shape":[8],"data_offsets":[0,8]}}""", 8, "F8_E5M2")]
    [DataRow("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "has 8 bytes")]
    [DataRow("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "-1")]
    [DataRow("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}""", 4, "a")]
    [DataRow(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "two")]
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
}
