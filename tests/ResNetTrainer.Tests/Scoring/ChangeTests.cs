using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Scoring;

/// <summary>A whole model whose network is exchanged keeps its other steps, and is saved and loaded with the new one.</summary>
[TestClass]
public sealed class ChangeTests
{
    private readonly MLContext _ml = Images.Context();

    [TestMethod]
    public void A_chain_has_the_new_network_and_its_other_steps()
    {
        var data = Images.Labelled(12, ImageKind.GreyFloats);
        var model = Pipeline().Fit(data);
        var nested = new TransformerChain<ITransformer>(_ml.Transforms.CopyColumns("Other", "Features").Fit(data), model);
        foreach (var chain in (ITransformer[])[model, nested])
        {
            using var stream = new MemoryStream();
            _ml.Model.Save(ResNetTransformer.Change(chain, network => network.WithRejectBelow(0.999999)), data.Schema, stream);
            stream.Position = 0;
            var again = _ml.Model.Load(stream, out _);

            Assert.AreEqual(0.999999, ResNetTransformer.Find(again).Model.RejectBelow);
            Assert.IsNull(ResNetTransformer.Find(chain).Model.RejectBelow);
            var texts = again.Transform(data).GetColumn<string>("PredictedLabel").ToArray();
            CollectionAssert.AreEqual(Enumerable.Repeat("", 12).ToArray(), texts.Select(text => text ?? "").ToArray());
            Assert.IsTrue(chain.Transform(data).GetColumn<string>("PredictedLabel").All(Images.ClassNames.Contains));
        }

        nested.Dispose();
    }

    [TestMethod]
    public void A_network_alone_is_exchanged_too_and_another_model_has_none()
    {
        var data = Images.Labelled(12, ImageKind.GreyFloats);
        using var network = Images.Trainer(_ml).Fit(data);
        using var other = network.WithRejectBelow(0.5);

        Assert.AreSame(other, ResNetTransformer.Change(network, _ => other));
        Assert.ThrowsExactly<InvalidOperationException>(
            () => ResNetTransformer.Change(_ml.Transforms.CopyColumns("Other", "Features").Fit(data), each => each));
    }

    private EstimatorChain<KeyToValueMappingTransformer> Pipeline() =>
        Images.Trainer(_ml).Append(_ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
}
