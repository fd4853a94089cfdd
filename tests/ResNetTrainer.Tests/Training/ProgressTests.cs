using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Training;

/// <summary>How far a training is, as it tells whoever asks.</summary>
[TestClass]
public sealed class ProgressTests
{
    [TestMethod]
    public void Each_step_is_told_with_its_epoch_and_what_is_left()
    {
        var steps = Fit(24, options => options.ValidationFraction = 0.25);

        var training = steps.Where(step => step.Phase == TrainingPhase.Training).ToArray();
        CollectionAssert.AreEqual((int[])[1, 1, 1, 2, 2, 2], training.Select(step => step.Epoch).ToArray());
        Assert.IsTrue(training.All(step => step.NumberOfEpochs == 2));
        CollectionAssert.AreEqual(
            (long?[])[8, 16, training[0].NumberOfImages], training.Take(3).Select(step => (long?)step.Images).ToArray());
        Assert.AreEqual(24, steps.Last().NumberOfImages + training[0].NumberOfImages);
        Assert.AreEqual((TrainingPhase.Validating, 2), (steps[^1].Phase, steps[^1].Epoch));
        Assert.AreEqual(steps[^1].NumberOfImages, steps[^1].Images);
    }

    [TestMethod]
    public void Frozen_features_are_told_of_before_the_first_epoch()
    {
        var steps = Fit(24, options => (options.InitialWeights, options.FrozenStages, options.Augmentation) =
            (PretrainedWeights.ImageNet, 4, Augmentation.None));

        Assert.AreEqual(TrainingPhase.ComputingFeatures, steps[0].Phase);
        Assert.AreEqual((24L, 24L, 0), (steps[0].Images, steps[0].NumberOfImages!.Value, steps[0].Epoch));
        Assert.AreEqual(TrainingPhase.Training, steps[1].Phase);
    }

    [TestMethod]
    public void Reading_is_told_of_when_it_takes_a_while()
    {
        var ml = Images.Context();
        var steps = new List<TrainingProgress>();

        // As many are read ahead as there are processors, eight times.
        var data = Images.Labelled(3 * 8 * Environment.ProcessorCount, ImageKind.Encoded);
        data.OnRow = _ => Thread.Sleep(Math.Max(2, 30 / Environment.ProcessorCount));
        using var model = Images.Trainer(ml, ImageKind.Encoded, options => (options.ImageSize, options.ProgressCallback) = (20, steps.Add))
            .Fit(data);

        var reading = steps.TakeWhile(step => step.Phase == TrainingPhase.Reading).ToArray();
        Assert.IsGreaterThan(1, reading.Length);
        Assert.IsLessThan(12, reading.Length);
        Assert.IsTrue(reading.Zip(reading.Skip(1)).All(pair => pair.First.Images < pair.Second.Images));
    }

    private static List<TrainingProgress> Fit(int rows, Action<ResNetTrainer.Options> set)
    {
        var ml = Images.Context();
        var steps = new List<TrainingProgress>();
        var options = Images.Tiny(ImageKind.Bytes, each =>
        {
            (each.NumberOfEpochs, each.BatchSize, each.ImageSize, each.ProgressCallback) = (2, 8, 20, steps.Add);
            set(each);
            each.Architecture = each.InitialWeights is null ? each.Architecture : null;
        });
        using var model = ml.MulticlassClassification.Trainers.ResNet(options)
            .Fit(Images.Labelled(rows, ImageKind.Bytes));
        return [.. steps.Where(step => step.Phase != TrainingPhase.Reading)];
    }
}
