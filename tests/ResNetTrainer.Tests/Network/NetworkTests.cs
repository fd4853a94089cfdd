using ResNetMLNet.Formats;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training.Optimizing;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Network;

[TestClass]
public class NetworkTests
{
    private static readonly ResNetArchitecture Tiny =
        ResNetArchitecture.BookResNet18 with { Name = "tiny", Width = 4, Depths = new(1, 1, 1, 1) };

    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    [TestMethod]
    public void The_chapters_table_is_the_networks_summary()
    {
        var summary = ResNetArchitecture.BookResNet18.Summarize(imageChannels: 1, imageSize: 224, classes: 10);

        CollectionAssert.AreEqual(
            (string[])["64x56x56", "64x56x56", "128x28x28", "256x14x14", "512x7x7", "512x1x1", "512", "10"],
            summary.Layers.Select(layer => string.Join("x", layer.Shape)).ToArray());
    }

    [TestMethod]
    [DataRow("resnet18", 11_689_512L)]
    [DataRow("resnet34", 21_797_672L)]
    [DataRow("resnet50", 25_557_032L)]
    [DataRow("resnet101", 44_549_160L)]
    [DataRow("resnet152", 60_192_808L)]
    [DataRow("wide_resnet50_2", 68_883_240L)]
    [DataRow("resnext50_32x4d", 25_028_904L)]
    public void The_family_has_as_many_parameters_as_torchvisions(string name, long parameters) =>
        Assert.AreEqual(
            parameters,
            new NetworkPlan(ResNetArchitecture.All.Single(network => network.Name == name), new(3, 224, 224), 1000).ParameterCount);

    [TestMethod]
    [DataRow("resnet20", 269_722L)]
    [DataRow("resnet32", 464_154L)]
    [DataRow("resnet44", 658_586L)]
    [DataRow("resnet56", 853_018L)]
    [DataRow("resnet110", 1_727_962L)]
    [DataRow("resnet18-small", 11_173_962L)]
    public void Networks_for_small_images_have_as_many_parameters_as_published(string name, long parameters)
    {
        var network = ResNetArchitecture.All.Single(network => network.Name == name);

        Assert.AreEqual(parameters, new NetworkPlan(network, new(3, 32, 32), 10).ParameterCount);
    }

    [TestMethod]
    public void Of_the_smallest_image_the_last_stage_sees_more_than_one_pixel_and_of_a_smaller_one_it_does_not()
    {
        foreach (var network in ResNetArchitecture.All)
        {
            var smallest = network.MinimumImageSize;

            Assert.IsGreaterThan(1, SeenByLastStage(network, smallest), network.Name);
            Assert.AreEqual(1, SeenByLastStage(network, smallest - 1), network.Name);
        }

        static long SeenByLastStage(ResNetArchitecture network, int size)
        {
            var plan = new NetworkPlan(network, new(1, size, size), 10);
            return plan.Inputs[plan.Stages[^1][0].Path[0]][1];
        }
    }

    [TestMethod]
    public void Frozen_stages_keep_all_their_tensors_and_the_rest_is_trained()
    {
        foreach (var network in (ResNetArchitecture[])[Tiny, Tiny with { PreActivation = true },
            ResNetArchitecture.ResNet20 with { Width = 4 }])
        {
            for (var stages = 0; stages <= network.Stages; stages++)
            {
                using var frozen =
                    TrainableNetwork.Create(new(network, new(1, 32, 32), 2), Initialisation.He, seed: 1, CPU, ScalarType.Float32);
                frozen.Freeze(stages);

                var trained = frozen.Parameters.Select(parameter => parameter.Plan.Name.Split('.')[0]).Distinct().ToArray();
                CollectionAssert.AreEqual(
                    (string[])[
                        .. Enumerable.Range(stages + 1, network.Stages - stages).Select(stage => $"layer{stage}"),
                        .. (network.PreActivation && stages < network.Stages ? (string[])["norm"] : []),
                        "fc",
                    ],
                    trained,
                    $"{network}, {stages}");
            }
        }
    }

    [TestMethod]
    public void Names_are_torchvisions()
    {
        var names = new NetworkPlan(ResNetArchitecture.ResNet50, new(3, 224, 224), 1000).Tensors.Select(tensor => tensor.Name).ToHashSet();

        foreach (var name in (string[])
        [
            "conv1.weight", "bn1.running_mean", "layer1.0.conv3.weight", "layer1.0.bn3.weight", "layer2.0.downsample.0.weight",
            "layer2.0.downsample.1.running_var", "layer4.2.conv2.weight", "fc.weight", "fc.bias",
        ])
        {
            Assert.Contains(name, names);
        }
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_weights_and_another_seed_others()
    {
        var (one, same, other) = (Create(1), Create(1), Create(2));

        CollectionAssert.AreEqual(one.Tensors["conv1.weight"].Data, same.Tensors["conv1.weight"].Data);
        CollectionAssert.AreEqual(one.Tensors["fc.weight"].Data, same.Tensors["fc.weight"].Data);
        CollectionAssert.AreNotEqual(one.Tensors["conv1.weight"].Data, other.Tensors["conv1.weight"].Data);
    }

    [TestMethod]
    public void Fresh_weights_leave_TorchSharps_random_numbers_alone()
    {
        using var scope = NewDisposeScope();
        manual_seed(7);
        var undisturbed = rand(3).data<float>().ToArray();
        manual_seed(7);
        Create(1);

        CollectionAssert.AreEqual(undisturbed, rand(3).data<float>().ToArray());
    }

    [TestMethod]
    public void Xavier_weights_fill_their_bounds()
    {
        var weights = Create(1, Initialisation.Xavier).Tensors["layer4.0.conv2.weight"];
        var bound = Math.Sqrt(6.0 / ((32 * 9) + (32 * 9)));

        Assert.IsLessThanOrEqualTo(bound, weights.Data.Max());
        Assert.IsGreaterThan(0.95 * bound, weights.Data.Max());
        Assert.IsLessThan(-0.95 * bound, weights.Data.Min());
    }

    [TestMethod]
    public void In_bfloat16_a_network_learns_and_keeps_its_weights_in_float32()
    {
        using var scope = NewDisposeScope();
        using var network = TrainableNetwork.Create(new(Tiny, new(1, 32, 32), 2), Initialisation.He, seed: 1, CPU, ScalarType.BFloat16);
        using var optimizer = new Optimizer(network, momentum: 0.9, weightDecay: 0);
        var labels = tensor((long[])[0, 1, 0, 1, 0, 1, 0, 1]);
        var images = labels.to_type(ScalarType.Float32).view(8, 1, 1, 1).expand(8, 1, 32, 32).contiguous();
        var losses = new List<float>();
        for (var step = 0; step < 10; step++)
        {
            var loss = nn.functional.cross_entropy(network.Forward(images, training: true), labels);
            loss.backward();
            optimizer.Step(0.05);
            losses.Add(loss.item<float>());
        }

        Assert.IsLessThan(losses[0] / 2, losses[^1]);
        Assert.IsTrue(network.Tensors.Values.All(tensor => tensor.Master.dtype == ScalarType.Float32));
        Assert.AreEqual(ScalarType.BFloat16, network.Tensors["conv1.weight"].Compute.dtype);
    }

    [TestMethod]
    [DataRow(28, "layer4.0.conv2.weight", 1)]
    [DataRow(28, "layer4.0.conv1.weight", 2)]
    [DataRow(28, "layer1.0.conv1.weight", 3)]
    [DataRow(96, "layer4.0.conv2.weight", 3)]
    public void Only_the_part_of_a_kernel_that_meets_the_image_is_trained(int size, string weight, int side)
    {
        using var network = TrainableNetwork.Create(new(Tiny, new(1, size, size), 2), Initialisation.He, seed: 1, CPU, ScalarType.Float32);

        Assert.AreEqual(side, network.Tensors[weight].Master.shape[2]);
        Assert.AreEqual(3, network.Export().Tensors[weight].Shape[2]);
    }

    [TestMethod]
    public void A_network_leaves_nothing_native_behind()
    {
        var before = NativeTensors.Count();
        using (var network = TrainableNetwork.Create(new(Tiny, new(1, 28, 28), 2), Initialisation.He, seed: 1, CPU, ScalarType.BFloat16))
        {
            using var scope = NewDisposeScope();
            network.Forward(zeros(2, 1, 28, 28), training: true).sum().backward();
            network.Export();
        }

        Assert.AreEqual(before, Tensor.TotalCount);
    }

    private static NamedTensors Create(long seed, Initialisation? initialisation = null)
    {
        using var network = TrainableNetwork.Create(
            new(Tiny, new(1, 32, 32), 2), initialisation ?? Initialisation.He, seed, CPU, ScalarType.Float32);
        return network.Export();
    }
}
