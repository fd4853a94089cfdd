using ResNetMLNet.Data;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Formats;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Training;

/// <summary>
/// Leaves out of an epoch some of the images that the network knows already: InfoBatch (Qin et al., 2024,
/// https://arxiv.org/abs/2303.04947). Of those whose loss was below the mean when they were last trained on, a share is drawn that the
/// epoch does without; the others of them count as much more, so that gradients are right on average, and the learning rate is higher
/// by as much as steps are fewer. The first epoch and the last ones have all images.
/// </summary>
internal sealed class DataPruning : IDisposable
{
    // As published: the end is for all images.
    private const double PrunedPart = 0.875;
    private const float Unseen = float.PositiveInfinity;
    private const string LossesNow = "losses";
    private const string LossesBefore = "losses-before";

    // No step has this number, by which the other random numbers of an epoch are derived.
    private const long Purpose = long.MaxValue;

    private readonly double _share;
    private readonly InMemoryDataset _images;
    private readonly Tensor _losses;
    private float[] _before;

    /// <param name="share">The share of the known images that an epoch leaves out.</param>
    /// <param name="images">The images, which are the caller's.</param>
    public DataPruning(double share, InMemoryDataset images)
    {
        (_share, _images) = (share, images);
        _before = [.. Enumerable.Repeat(Unseen, (int)images.Count)];
        using Scalar unseen = Unseen;
        _losses = full([images.Count], unseen, ScalarType.Float32, images.Device).DetachFromDisposeScope();
    }

    /// <summary>That of a training; null where it leaves nothing out.</summary>
    public static DataPruning? Of(TrainingPlan plan, ImageDataset train) =>
        plan.DataPruning is { } share && train is InMemoryDataset images ? new(share, images) : null;

    /// <summary>Draws the images of an epoch.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="epochs">How many there will be.</param>
    /// <param name="epochSeed">The epoch's own seed.</param>
    public EpochImages Draw(int epoch, int epochs, long epochSeed)
    {
        if (epoch == 0 || epoch >= Math.Floor(PrunedPart * epochs))
        {
            return new(_images);
        }

        var mean = _before.Where(float.IsFinite).DefaultIfEmpty().Average();
        var random = RandomStream.Create(RandomStream.Derive(epochSeed, Purpose));
        var (kept, counts) = (new List<int>(), new float[_before.Length]);
        for (var image = 0; image < _before.Length; image++)
        {
            var isKnown = _before[image] < mean;
            if (!isKnown || random.NextDouble() >= _share)
            {
                kept.Add(image);
                counts[image] = isKnown ? (float)(1 / (1 - _share)) : 1;
            }
        }

        // A single image has nothing to be normalised against.
        return kept.Count < 2 ? new(_images) : new(_images, [.. kept], counts);
    }

    /// <summary>Notes the losses of a batch, without waiting for them.</summary>
    /// <param name="batch">Its images.</param>
    /// <param name="logits">What the network makes of them: (batch, classes).</param>
    /// <param name="weights">How much each of them counts; null for all alike. What does not count is not learnt, and not known.</param>
    public void Note(ImageBatch batch, Tensor logits, Tensor? weights)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var losses = functional.cross_entropy(logits, batch.Labels, reduction: Reduction.None).to_type(ScalarType.Float32);
        if (weights is not null)
        {
            using Scalar zero = 0, unseen = Unseen;
            losses.masked_fill_(weights.eq(zero), unseen);
        }

        var numbers = tensor([.. batch.NumbersInOrder.Select(number => (long)number)]).Send(losses.device);
        _losses.index_copy_(0, numbers, losses);
    }

    /// <summary>What has been noted decides about the next epoch.</summary>
    public void EndEpoch() => _before = Now();

    /// <summary>What a training that goes on needs.</summary>
    /// <param name="isBetweenEpochs">Whether an epoch has ended, and no step been done since.</param>
    public NamedTensors Export(bool isBetweenEpochs)
    {
        var tensors = new NamedTensors();
        tensors.Add(LossesNow, [_before.Length], Now());
        if (!isBetweenEpochs)
        {
            tensors.Add(LossesBefore, [_before.Length], _before);
        }

        return tensors;
    }

    /// <summary>What is wrong with what <see cref="Export"/> gave; null where nothing is.</summary>
    public string? ProblemOf(NamedTensors? tensors, bool isBetweenEpochs)
    {
        var wanted = isBetweenEpochs ? (string[])[LossesNow] : [LossesNow, LossesBefore];
        return wanted.Any(name => tensors?.Tensors.GetValueOrDefault(name)?.Data is not { } losses
            || losses.Length != _before.Length || losses.Any(loss => !(loss >= 0)))
            ? "the losses of its images are missing, or cannot be"
            : null;
    }

    public void Import(NamedTensors tensors)
    {
        using var scope = NewDisposeScope();
        var now = tensors.Tensors[LossesNow].Data;
        _losses.copy_(tensor(now));
        _before = tensors.Tensors.GetValueOrDefault(LossesBefore)?.Data ?? now;
    }

    public void Dispose() => _losses.Dispose();

    private float[] Now()
    {
        using var scope = NewDisposeScope();
        return _losses.cpu().data<float>().ToArray();
    }
}
