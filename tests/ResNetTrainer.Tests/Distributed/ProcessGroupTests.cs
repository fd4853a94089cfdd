using ResNetMLNet.Distributed;
using ResNetMLNet.Native;
using ResNetMLNet.Tests.Support;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Distributed;

[TestClass]
public class ProcessGroupTests
{
    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    [TestMethod]
    public void One_process_is_told_its_own_number() => Assert.AreEqual(7, ProcessGroup.Alone.Greatest(7));

    [TestMethod]
    public void Tensors_are_added_up_where_they_are_however_they_lie()
    {
        using var scope = NewDisposeScope();
        var group = new ProcessGroup(new OneOfTwo(rank: 0, mine => 2 * mine));
        foreach (var type in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16])
        {
            var whole = arange(24, ScalarType.Float32).view(4, 6).to_type(type);
            var expected = whole.clone();
            expected[1..3, 2..5] *= 2;

            group.AllReduce(whole[1..3, 2..5]);
            Assert.IsTrue(expected.equal(whole).all().item<bool>(), $"a part of {type}");

            expected[1..3] *= 2;
            group.AllReduce(whole[1..3]);
            Assert.IsTrue(expected.equal(whole).all().item<bool>(), $"rows of {type}");

            group.AllReduce(whole.t());
            Assert.IsTrue((expected * 2).equal(whole).all().item<bool>(), $"the transpose of {type}");
        }
    }
}
