using ResNetMLNet.Data;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>Random changes to raw images, the whole batch at once on its device; each image has its own.</summary>
internal static class Augmenter
{
    /// <param name="images">(batch, channels, height, width) of any type of value.</param>
    /// <param name="augmentation">What is allowed.</param>
    /// <param name="seed">The seed of this batch.</param>
    public static Tensor Apply(Tensor images, Augmentation augmentation, long seed)
    {
        if (augmentation == Augmentation.None)
        {
            return images;
        }

        var (count, height, width) = (images.shape[0], (int)images.shape[2], (int)images.shape[3]);
        var random = RandomStream.Create(seed);
        var rows = new Axis(count, height);
        var columns = new Axis(count, width);
        for (var i = 0; i < count; i++)
        {
            if (augmentation.HasFlag(Augmentation.Shift))
            {
                rows.Shift[i] = Shift(random, height);
                columns.Shift[i] = Shift(random, width);
            }

            if (augmentation.HasFlag(Augmentation.Flip))
            {
                columns.Flip[i] = random.Next(2) == 1;
            }

            if (augmentation.HasFlag(Augmentation.Erase) && random.Next(2) == 1)
            {
                rows.Erase(i, random, height);
                columns.Erase(i, random, width);
            }
        }

        return Gather(images, rows, columns);
    }

    // One gather does it all: every target pixel takes the source pixel that shift and flip name, and those that lie
    // outside or in the erased square are made zero.
    private static Tensor Gather(Tensor images, Axis rows, Axis columns)
    {
        var (count, channels, height, width) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3]);
        var device = images.device;
        using Scalar zero = 0, pitch = width;
        var (y, outsideY, erasedY) = rows.ToTensors(device);
        var (x, outsideX, erasedX) = columns.ToTensors(device);
        var source = y.unsqueeze(2).mul(pitch).add(x.unsqueeze(1), Tensors.One);
        var black = outsideY.unsqueeze(2).logical_or(outsideX.unsqueeze(1))
            .logical_or(erasedY.unsqueeze(2).logical_and(erasedX.unsqueeze(1)));
        return images.flatten(2)
            .gather(2, source.view(count, 1, height * width).expand(count, channels, height * width))
            .view(count, channels, height, width)
            .masked_fill_(black.unsqueeze(1), zero);
    }

    private static int Shift(Random random, int side)
    {
        var most = Math.Max(1, (side + 8) / 16);
        return random.Next(-most, most + 1);
    }

    /// <summary>What happens along one side of each image.</summary>
    private sealed class Axis(long count, int side)
    {
        private readonly (int Start, int End)[] _erased = new (int, int)[count];

        public int[] Shift { get; } = new int[count];

        public bool[] Flip { get; } = new bool[count];

        public void Erase(int image, Random random, int length)
        {
            var erased = Math.Max(1, length / 4);
            var start = random.Next(-erased / 2, length - (erased / 2));
            _erased[image] = (start, start + erased);
        }

        public (Tensor Source, Tensor Outside, Tensor Erased) ToTensors(Device device)
        {
            var source = new long[count * side];
            var outside = new bool[count * side];
            var erased = new bool[count * side];
            for (var i = 0; i < count; i++)
            {
                for (var target = 0; target < side; target++)
                {
                    var from = (Flip[i] ? side - 1 - target : target) - Shift[i];
                    var at = (i * side) + target;
                    outside[at] = from < 0 || from >= side;
                    source[at] = Math.Clamp(from, 0, side - 1);
                    erased[at] = target >= _erased[i].Start && target < _erased[i].End;
                }
            }

            long[] shape = [count, side];
            return (tensor(source, shape).to(device), tensor(outside, shape).to(device), tensor(erased, shape).to(device));
        }
    }
}
