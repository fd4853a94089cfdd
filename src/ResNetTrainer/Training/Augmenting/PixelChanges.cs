using ResNetMLNet.Data;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training.Augmenting;

/// <summary>Where each pixel of a batch of images comes from, and which pixels are overwritten: shifts, flips and erasing.</summary>
internal sealed class PixelChanges
{
    /// <summary>Among the purposes of random numbers.</summary>
    public const long Purpose = 3;

    private const int TriesToErase = 10;
    private const long Noise = 1;

    private readonly ImageAxis _rows;
    private readonly ImageAxis _columns;

    private PixelChanges(int count, int height, int width, bool reflects) =>
        (_rows, _columns) = (new(count, height, reflects), new(count, width, reflects));

    public static PixelChanges Draw(int count, int height, int width, AugmentationPlan plan, long seed)
    {
        var random = RandomStream.Create(seed);
        var changes = new PixelChanges(count, height, width, plan.Reflects);
        for (var i = 0; i < count; i++)
        {
            if (plan.Shift > 0)
            {
                changes._rows.DrawShift(i, random, plan.Shift);
                changes._columns.DrawShift(i, random, plan.Shift);
            }

            if (plan.Flip == FlipKind.Coin)
            {
                changes._columns.Flip[i] = random.Next(2) == 1;
            }

            if (plan.FlipsVertically)
            {
                changes._rows.Flip[i] = random.Next(2) == 1;
            }

            if (plan.EraseProbability > 0 && random.NextDouble() >= 1 - plan.EraseProbability)
            {
                changes.DrawErased(i, random, plan);
            }
        }

        return changes;
    }

    /// <summary>Flips in turn: an image that is mirrored in one epoch is not in the next. Images without numbers have coins.</summary>
    public void Alternate(IReadOnlyList<int>? numbers, AugmentationMoment moment)
    {
        for (var i = 0; i < _columns.Flip.Length; i++)
        {
            var coin = numbers is null
                ? RandomStream.Derive(moment.BatchSeed, i)
                : RandomStream.Derive(moment.TrainingSeed, numbers[i]) + moment.Epoch;
            _columns.Flip[i] = (coin & 1) == 1;
        }
    }

    /// <summary>
    /// One gather does it all: every target pixel takes the source pixel that shift and flip name, and those that lie outside or in the
    /// erased part are made zero.
    /// </summary>
    /// <param name="images">(batch, channels, height, width) of any type of value.</param>
    /// <param name="noise">The seed of what erased parts are filled with; null for black.</param>
    public Tensor Apply(Tensor images, long? noise)
    {
        var (count, channels, height, width) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3]);
        var device = images.device;
        using Scalar zero = 0, pitch = width;
        var (y, outsideY, erasedY) = _rows.ToTensors(device);
        var (x, outsideX, erasedX) = _columns.ToTensors(device);
        var source = y.unsqueeze(2).mul(pitch).add(x.unsqueeze(1), Tensors.One);
        var outside = outsideY.unsqueeze(2).logical_or(outsideX.unsqueeze(1)).unsqueeze(1);
        var erased = erasedY.unsqueeze(2).logical_and(erasedX.unsqueeze(1)).unsqueeze(1);
        var moved = images.flatten(2)
            .gather(2, source.view(count, 1, height * width).expand(count, channels, height * width))
            .view(count, channels, height, width);
        return noise is { } seed
            ? where(erased, NoiseLike(moved, seed), moved.masked_fill_(outside, zero))
            : moved.masked_fill_(outside.logical_or(erased), zero);
    }

    // Any value that a pixel may have: a byte, or a float in [0, 1].
    private static Tensor NoiseLike(Tensor images, long seed)
    {
        using var generator = new Generator((ulong)RandomStream.Derive(seed, Noise));
        var noise = empty(images.shape, images.dtype);
        return (images.dtype == ScalarType.Byte ? noise.random_(0, 256, generator) : noise.uniform_(0, 1, generator)).to(images.device);
    }

    // A part that does not fit the image is drawn again; where none fits, the image stays whole (Zhong et al., 2017).
    private void DrawErased(int image, Random random, AugmentationPlan plan)
    {
        for (var attempt = 0; attempt < TriesToErase; attempt++)
        {
            var area = Between(random, plan.EraseLeast, plan.EraseMost);
            var aspect = Math.Exp(Between(random, Math.Log(plan.EraseAspect), -Math.Log(plan.EraseAspect)));
            var (rows, columns) = (_rows.Part(Math.Sqrt(area * aspect)), _columns.Part(Math.Sqrt(area / aspect)));
            if (_rows.Fits(rows) && _columns.Fits(columns))
            {
                _rows.DrawErased(image, random, rows, plan.ErasesBeyondEdges);
                _columns.DrawErased(image, random, columns, plan.ErasesBeyondEdges);
                return;
            }
        }
    }

    // Where there is nothing to draw, no random number is used up.
    private static double Between(Random random, double least, double most) =>
        least < most ? least + ((most - least) * random.NextDouble()) : least;
}
