using ResNetMLNet.Distributed;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Training;

[TestClass]
public class ExchangeTests
{
    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    [TestMethod]
    [DataRow(ScalarType.Float32)]
    [DataRow(ScalarType.BFloat16)]
    public void Aligned_all_have_the_weights_of_the_first(ScalarType precision)
    {
        const float Weight = 0.5f;
        var architecture = ResNetArchitecture.BookResNet18 with { Width = 2, Depths = new(1, 1, 1, 1) };
        using var network = TrainableNetwork.Create(new(architecture, new(1, 32, 32), 2), Initialisation.He, seed: 1, CPU, precision);
        var group = new ProcessGroup(new OneOfTwo(rank: 1, _ => Weight));
        using var exchange = new Exchange(group, network, GradientCompression.None, () => false);

        exchange.Align();

        using var scope = NewDisposeScope();
        foreach (var parameter in network.Parameters)
        {
            Assert.IsTrue(parameter.Master.eq(Weight).all().item<bool>(), parameter.Plan.Name);
            Assert.IsTrue(parameter.Compute.eq(Weight).all().item<bool>(), parameter.Plan.Name);
        }
    }
}
