using System.Buffers.Binary;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Decoding;

/// <summary>Images hold native memory, and each has an owner that frees it.</summary>
[TestClass]
public sealed class OwnershipTests
{
    private static readonly MLContext Ml = Images.Context();

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_variable_that_is_used_again_gives_up_the_image_before(bool idx)
    {
        using var folder = new TwoClassFolder();
        using var cursor = Open(folder, idx).GetRowCursor(Open(folder, idx).Schema);
        var getter = cursor.GetGetter<MLImage>(cursor.Schema["Image"]);
        MLImage image = null!;
        var seen = new List<MLImage>();
        while (cursor.MoveNext())
        {
            getter(ref image);
            Assert.AreEqual(20, image.Width);
            seen.Add(image);
        }

        Assert.IsGreaterThan(2, seen.Count);
        foreach (var before in seen.SkipLast(1))
        {
            Assert.ThrowsExactly<InvalidOperationException>(() => before.Width);
        }

        image.Dispose();
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Images_that_a_step_before_the_trainer_disposed_are_no_trouble(bool idx)
    {
        using var folder = new TwoClassFolder();
        var data = Open(folder, idx);
        var resized = Ml.Transforms.ResizeImages("Features", 24, 24, "Image").Fit(data).Transform(data);
        using var model = Images.Trainer(Ml, ImageKind.Image).Fit(resized);

        Assert.HasCount(8, Snapshot.Scores(model.Transform(resized)));
    }

    [TestMethod]
    public void Training_gives_each_image_back_before_it_takes_the_next()
    {
        var undisposed = 0;
        var data = new MemoryDataView(
            24,
            new ReusingColumn("Features", row => Images.Image(row, 3, 20), before => undisposed += before is null ? 1 : 0),
            Images.Key(LabelKind.Text));
        using var model = Images.Trainer(Ml, ImageKind.Image).Fit(data);

        Assert.IsLessThan(4, undisposed, "once for each cursor, and not for each row");
    }

    private static IDataView Open(TwoClassFolder folder, bool idx)
    {
        if (!idx)
        {
            return Ml.Data.LoadFromImageFolder(folder.Path);
        }

        var (images, labels) = (Path.Combine(folder.Path, "images"), Path.Combine(folder.Path, "labels"));
        File.WriteAllBytes(images, [.. Header(0x803, 8, 20, 20), .. Enumerable.Range(0, 8 * 400).Select(value => (byte)value)]);
        File.WriteAllBytes(labels, [.. Header(0x801, 8), 0, 1, 0, 1, 0, 1, 0, 1]);
        return Ml.Data.LoadFromIdx(images, labels);
    }

    private static byte[] Header(params int[] numbers) =>
        [.. numbers.SelectMany(number => BitConverter.GetBytes(BinaryPrimitives.ReverseEndianness(number)))];

    /// <summary>A column of images whose getter disposes what it is given, as ML.NET's do.</summary>
    private sealed class ReusingColumn(string name, Func<int, MLImage> image, Action<MLImage?> given)
        : MemoryColumn(name, new Microsoft.ML.Transforms.Image.ImageDataViewType(20, 20), null)
    {
        public override Delegate CreateGetter(Func<int> row) => (ValueGetter<MLImage>)((ref MLImage value) =>
        {
            given(value);
            value?.Dispose();
            value = image(row());
        });
    }
}
