using System.IO.Compression;
using System.Text.Json.Nodes;
using ResNetMLNet.Formats;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.BadInput;

/// <summary>Weights that are not those that were saved, or that no training can have left, are refused.</summary>
[TestClass]
public class WeightsTests
{
    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    [DataRow(float.NegativeInfinity)]
    public void Values_that_are_not_finite(float value)
    {
        SavedZip.Refused(SavedZip.ChangeValue("fc.bias", value), "damaged", "weights.safetensors", "fc.bias", "finite");
        SavedZip.Refused(SavedZip.ChangeValue("bn1.running_mean", value), "damaged", "bn1.running_mean", "finite");
    }

    [TestMethod]
    public void A_negative_variance() => SavedZip.Refused(
        SavedZip.ChangeValue("layer2.0.bn1.running_var", -0.5f), "damaged", "weights.safetensors", "layer2.0.bn1.running_var", "negative");

    [TestMethod]
    [DataRow(SavedZip.Weights)]
    [DataRow(SavedZip.Header)]
    [DataRow(SavedZip.KeyValues)]
    public void Any_changed_byte_of_an_entry(string entry)
    {
        var random = new Random(1);
        var entries = SavedZip.Entries(SavedZip.Bytes);
        var stored = SavedZip.Zip(entries, CompressionLevel.NoCompression);
        Assert.IsNotNull(SavedZip.Load(stored));
        var content = entries.Single(item => item.Key.EndsWith(entry, StringComparison.Ordinal)).Value;
        var at = stored.AsSpan().IndexOf(content);
        for (var i = 0; i < 20; i++)
        {
            var damaged = stored.ToArray();
            damaged[at + random.Next(content.Length)] ^= (byte)(1 << random.Next(8));
            SavedZip.Refused(damaged, "damaged", entry);
        }
    }

    [TestMethod]
    public void A_size_of_images_that_a_disk_changed()
    {
        var stored = SavedZip.Zip(SavedZip.Entries(SavedZip.Bytes), CompressionLevel.NoCompression);

        SavedZip.Refused(SavedZip.Damage(stored, "\"height\": 20"u8.ToArray(), "\"height\": 28"u8.ToArray()), "damaged", "model.json");
    }

    [TestMethod]
    public void Weights_of_another_model_of_the_same_network() => SavedZip.Refused(
        // As if the entry had been exchanged by hand; a zip tool makes its own checksum right, ours it cannot.
        SavedZip.ChangeHeader(header => header["weightsSha256"] = new string('0', 64)), "damaged", "weights.safetensors", "checksum");

    [TestMethod]
    public void A_model_from_before_there_was_a_checksum_is_loaded() => Assert.IsNotNull(SavedZip.Load(
        SavedZip.ChangeHeader(header => ((JsonObject)header).Remove("weightsSha256"))));

    [TestMethod]
    public void Weights_without_end()
    {
        var zip = SavedZip.Change(SavedZip.Weights, bytes => [.. bytes, .. new byte[400_000_000]]);

        SavedZip.Refused(zip, "damaged", "weights.safetensors", "bytes");
    }

    [TestMethod]
    public void An_entry_that_says_less_than_it_holds()
    {
        // The sizes in the directory at the end and before the content are made small; what is inflated stops there.
        var zip = SavedZip.Change(SavedZip.KeyValues, bytes => [.. bytes, .. new byte[50_000_000]]);
        var (size, small) = (BitConverter.GetBytes(SavedZip.Entries(zip).Values.Max(bytes => bytes.Length)), BitConverter.GetBytes(100));
        for (int at; (at = zip.AsSpan().IndexOf(size)) >= 0;)
        {
            small.CopyTo(zip, at);
        }

        SavedZip.Refused(zip, "damaged", "KeyValues.bin");
    }

    [TestMethod]
    [DataRow(NamedTensors.Piece)]
    [DataRow((2 * NamedTensors.Piece) + 3)]
    public void A_tensor_of_many_pieces_comes_back_as_it_was(int count)
    {
        var tensors = new NamedTensors();
        tensors.Add("first", [count], [.. Enumerable.Range(0, count).Select(index => (float)index)]);
        tensors.Add("empty", [0], []);
        tensors.Add("last", [1], [7]);
        using var file = new MemoryStream();
        SafeTensors.Write(file, tensors, new Dictionary<string, string>());
        file.Position = 0;

        Assert.AreEqual(tensors.Fingerprint(), SafeTensors.Read(file).Fingerprint());
    }
}
