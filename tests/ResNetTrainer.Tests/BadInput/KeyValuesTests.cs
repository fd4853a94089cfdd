using System.Buffers.Binary;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.BadInput;

/// <summary>The values of the label's key, as ML.NET writes them; its reader of them trusts every length and never finds the end.</summary>
[TestClass]
public class KeyValuesTests
{
    [TestMethod]
    public void Cut_anywhere_they_are_damaged_under_their_own_name()
    {
        var length = SavedZip.Entry(SavedZip.Bytes, SavedZip.KeyValues).Length;
        for (var kept = 0; kept < length; kept++)
        {
            SavedZip.Refused(SavedZip.Change(SavedZip.KeyValues, bytes => bytes[..kept]), "damaged", "KeyValues.bin");
        }
    }

    [TestMethod]
    [DataRow(19, int.MaxValue, DisplayName = "dimensions")]
    [DataRow(19, -1, DisplayName = "negative dimensions")]
    [DataRow(23, int.MaxValue, DisplayName = "size of the type")]
    [DataRow(23, 2, DisplayName = "another size of the type")]
    [DataRow(27, 2, DisplayName = "vectors")]
    [DataRow(31, int.MaxValue, DisplayName = "length of the vector")]
    [DataRow(35, 2_000_000_000, DisplayName = "values")]
    [DataRow(39, 2_000_000_000, DisplayName = "indices")]
    [DataRow(43, 2_000_000_000, DisplayName = "texts")]
    [DataRow(47, 2_000_000_000, DisplayName = "end of the first text")]
    public void A_length_that_lies(int offset, int value) => SavedZip.Refused(
        SavedZip.Change(SavedZip.KeyValues, bytes => With(bytes, offset, value)), "damaged", "KeyValues.bin");

    [TestMethod]
    public void Lengths_that_lie_in_agreement() => SavedZip.Refused(
        SavedZip.Change(SavedZip.KeyValues, bytes => With(With(With(bytes, 23, 2_000_000_000), 31, 2_000_000_000), 43, 2_000_000_000)),
        "damaged",
        "KeyValues.bin");

    [TestMethod]
    public void More_than_was_written() =>
        SavedZip.Refused(SavedZip.Change(SavedZip.KeyValues, bytes => [.. bytes, 0]), "damaged", "KeyValues.bin");

    [TestMethod]
    public void Without_end() => SavedZip.Refused(
        SavedZip.Change(SavedZip.KeyValues, bytes => [.. bytes, .. new byte[300_000_000]]), "damaged", "KeyValues.bin", "bytes");

    [TestMethod]
    public void Missing_where_the_classes_have_names() =>
        SavedZip.Refused(SavedZip.Change(SavedZip.KeyValues, _ => null), "damaged", "KeyValues.bin", "missing");

    [TestMethod]
    public void Of_a_type_within_a_type() => SavedZip.Refused(
        SavedZip.Change(SavedZip.KeyValues, bytes => [.. bytes.AsSpan(0, 8), 200, .. bytes.AsSpan(0, 8), 100, .. bytes.AsSpan(8)]),
        "damaged",
        "KeyValues.bin");

    [TestMethod]
    public void Names_that_no_encoding_loves_come_back()
    {
        string[] names = ["", "\ud800x", "caf\u00e9 \"\\\n\0"];
        var values = new DataViewSchema.Annotations.Builder();
        values.Add(
            "KeyValues",
            new VectorDataViewType(TextDataViewType.Instance, names.Length),
            (ref VBuffer<ReadOnlyMemory<char>> value) => value = new(names.Length, [.. names.Select(name => name.AsMemory())]));
        var key = new KeyDataViewType(typeof(uint), names.Length);
        var label = new MemoryColumn<uint>("Label", key, i => (uint)(i % names.Length) + 1, values.ToAnnotations());
        using var model = Images.Trainer(Images.Context()).Fit(new MemoryDataView(12, [Images.Features(), label]));
        using var zip = new MemoryStream();
        Images.Context().Model.Save(model, null, zip);

        var again = (ResNetTransformer)SavedZip.Load(zip.ToArray());

        Assert.AreSequenceEqual([.. names.Select(name => name.Replace('\ud800', '\ufffd'))], again.Model.ClassNames.ToArray());
    }

    private static byte[] With(byte[] bytes, int offset, int value)
    {
        var changed = bytes.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(changed.AsSpan(offset), value);
        return changed;
    }
}
