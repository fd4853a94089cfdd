using System.Text;
using System.Text.Json.Nodes;
using ResNetMLNet.Network;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.BadInput;

/// <summary>A header that promises what cannot be is refused before anything is built from it.</summary>
[TestClass]
public class ModelHeaderTests
{
    [TestMethod]
    [DataRow("architecture.depths.first", "2000000000", "depths")]
    [DataRow("architecture.depths.third", "0", "depths")]
    [DataRow("architecture.depths.fourth", "-1", "depths")]
    [DataRow("architecture.width", "0", "width")]
    [DataRow("architecture.width", "1000000", "width")]
    [DataRow("architecture.block", "99", "block")]
    [DataRow("architecture.skip", "-1", "skip")]
    [DataRow("architecture.name", "null", "name")]
    [DataRow("architecture", "null", "architecture")]
    [DataRow("channels", "2", "channels")]
    [DataRow("channels", "2000000000", "channels")]
    [DataRow("height", "0", "height")]
    [DataRow("height", "20000", "height")]
    [DataRow("width", "-5", "width")]
    [DataRow("width", "20000", "width")]
    [DataRow("maximumImagePixels", "0", "maximumImagePixels")]
    [DataRow("maximumImagePixels", "2000000000", "maximumImagePixels")]
    [DataRow("largestPixel", "-1", "largestPixel")]
    [DataRow("smallestPixel", "1", "smallestPixel")]
    [DataRow("resizeMode", "99", "resizeMode")]
    [DataRow("resizeMode", "\"Crumple\"", "resizeMode")]
    [DataRow("classNames", "null", "classNames")]
    [DataRow("classNames", "[]", "class")]
    [DataRow("classNames", "[\"only\"]", "class")]
    [DataRow("classNames", "[\"top\",null,\"bottom\"]", "classNames")]
    [DataRow("featureColumnName", "null", "featureColumnName")]
    [DataRow("featureColumnName", "\"\"", "featureColumnName")]
    [DataRow("scoreColumnName", "null", "scoreColumnName")]
    [DataRow("predictedLabelColumnName", "null", "predictedLabelColumnName")]
    [DataRow("predictedLabelColumnName", "\"Score\"", "predictedLabelColumnName")]
    [DataRow("training", "null", "training")]
    [DataRow("training.recipe", "99", "recipe")]
    [DataRow("training.outcome", "99", "outcome")]
    [DataRow("training.device", "null", "device")]
    [DataRow("training.precision", "null", "precision")]
    [DataRow("training.history", "null", "history")]
    [DataRow("training.history", "[null]", "history")]
    [DataRow("formatVersion", "0", "formatVersion")]
    [DataRow("formatVersion", "-1", "formatVersion")]
    [DataRow("testTimeAugmentation", "7", "testTimeAugmentation")]
    public void A_value_that_cannot_be(string path, string value, string word) =>
        SavedZip.Refused(SavedZip.ChangeHeader(header => Set(header, path, value)), "damaged", "model.json", word);

    [TestMethod]
    [DataRow("[\"top\",\"bottom\",\"middle\"]", "KeyValues.bin")]
    [DataRow("[\"top\",\"middle\",\"button\"]", "KeyValues.bin")]
    [DataRow("[\"top\",\"middle\"]", "fc.weight")]
    public void Other_class_names_than_the_labels_have(string names, string word) =>
        SavedZip.Refused(SavedZip.ChangeHeader(header => Set(header, "classNames", names)), "damaged", word);

    [TestMethod]
    public void Two_values_of_one_name() => SavedZip.Refused(
        SavedZip.Change(SavedZip.Header, bytes => [.. "{\"height\": 30,"u8, .. bytes.AsSpan(1)]), "damaged", "model.json", "height");

    [TestMethod]
    public void A_header_without_end() => SavedZip.Refused(
        SavedZip.Change(SavedZip.Header, bytes => [.. bytes, .. Enumerable.Repeat((byte)' ', 300_000_000)]),
        "damaged",
        "model.json",
        "bytes");

    [TestMethod]
    public void A_header_of_more_class_names_than_there_can_be() => SavedZip.Refused(
        SavedZip.Change(SavedZip.Header, bytes => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace(
            "\"classNames\": [", "\"classNames\": [" + string.Concat(Enumerable.Repeat("\"\",", 9_000_000))))),
        "damaged",
        "model.json");

    [TestMethod]
    public void A_network_that_is_larger_than_its_weights() => SavedZip.Refused(
        SavedZip.ChangeHeader(header =>
        {
            Set(header, "architecture.width", "1024");
            Set(header, "architecture.depths.third", "1000");
            Set(header, "architecture.block", "\"Bottleneck\"");
        }),
        "damaged",
        "weights.safetensors",
        "bytes");

    public static IEnumerable<object[]> SensibleNetworks =>
        from architecture in ResNetArchitecture.All
        from case_ in (object[][])[[64, 4096, 10], [64, 224, 1_000_000], [1024, 224, 1000], [1, 1, 2]]
        select (object[])[architecture, .. case_];

    [TestMethod]
    [DynamicData(nameof(SensibleNetworks))]
    public void Every_sensible_network_is_possible(ResNetArchitecture architecture, int width, int size, int classes) =>
        Assert.IsNull(NetworkLimits.ProblemOf(
            architecture with { Width = Math.Max(1, width / architecture.WidthFactor), Groups = Math.Min(architecture.Groups, width) },
                new(3, size, size), classes));

    [TestMethod]
    public void What_no_saved_model_can_be_is_not_trained_either()
    {
        var wide = new MemoryDataView(6, [Images.Vector("Features", i => new byte[17 * 5000], 1, 17, 5000), Images.Key(LabelKind.Text)]);
        var undefined = Images.Tiny().Architecture! with { Block = (ResNetBlock)99 };

        var tooWide = Assert.ThrowsExactly<InvalidOperationException>(() => Images.Trainer(Images.Context()).Fit(wide));
        var ofNoKind = Assert.ThrowsExactly<InvalidOperationException>(
            () => Images.Trainer(Images.Context(), change: options => options.Architecture = undefined).Fit(Images.Labelled()));

        Assert.Contains("width is 5000", tooWide.Message);
        Assert.Contains("block is 99", ofNoKind.Message);
    }

    [TestMethod]
    public void A_tensor_that_no_array_holds() => SavedZip.Refused(
        SavedZip.ChangeHeader(header =>
        {
            Set(header, "architecture.width", "1024");
            header["classNames"] = new JsonArray([.. Enumerable.Range(0, 300_000).Select(index => (JsonNode)$"{index}")]);
        }),
        "damaged",
        "model.json",
        "fc.weight");

    private static void Set(JsonNode header, string path, string value)
    {
        var names = path.Split('.');
        foreach (var name in names[..^1])
        {
            header = header[name]!;
        }

        header[names[^1]] = JsonNode.Parse(value);
    }
}
