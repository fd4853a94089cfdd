using System.Security.Cryptography;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using ResNetMLNet.Native;
using ResNetMLNet.Training;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Training;

/// <summary>Random changes to images, and their numbers.</summary>
[TestClass]
public class AugmentationTests
{
    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    // The recipes stand on these to the bit; the values were noted before there were others.
    [TestMethod]
    [DataRow(Augmentation.Flip, "f151288fe6017224")]
    [DataRow(Augmentation.Flip | Augmentation.Erase, "6f218c6241e3ce55")]
    [DataRow(Augmentation.Flip | Augmentation.Shift | Augmentation.Erase, "cecd88532cd49a4d")]
    public void The_changes_of_the_first_recipes_are_what_they_were(Augmentation augmentation, string expected)
    {
        using var scope = NewDisposeScope();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (height, width) in ((int, int)[])[(28, 28), (20, 33), (3, 2)])
        {
            var images = arange(0, 3 * 16 * height * width, ScalarType.Int64).remainder(251).to_type(ScalarType.Byte)
                .view(16, 3, height, width);
            hash.AppendData(Augmenter.Apply(images, augmentation, seed: 7).contiguous().data<byte>().ToArray());
        }

        Assert.AreEqual(expected, Convert.ToHexStringLower(hash.GetHashAndReset())[..16]);
    }
}
