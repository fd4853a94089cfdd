using System.Security.Cryptography;
using ResNetMLNet.Data;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Native;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training.Augmenting;
using TorchSharp;
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

    [TestMethod]
    public void A_crop_moves_images_by_up_to_an_eighth()
    {
        using var scope = NewDisposeScope();
        var black = Augmenter.Apply(ones(256, 1, 32, 32), Augmentation.Crop, seed: 1).eq(0).sum(1, 2, 3).data<long>().ToArray();

        // Four pixels at most in each direction.
        Assert.IsLessThanOrEqualTo((32 * 32) - (28 * 28), black.Max());
        Assert.IsGreaterThan((32 * 32) - (30 * 30), black.Max());
    }

    [TestMethod]
    public void What_a_shift_leaves_free_can_show_the_mirrored_image()
    {
        using var scope = NewDisposeScope();
        var images = Numbered(64, 16);
        var changed = Apply(images, new() { Shift = 1 / 8.0, Reflects = true });
        var padded = nn.functional.pad(images, [2, 2, 2, 2], PaddingModes.Reflect);
        var places = new HashSet<(int, int)>();
        for (var i = 0; i < 64; i++)
        {
            places.Add(Enumerable.Range(0, 25).Select(at => (Y: at / 5, X: at % 5)).Single(at =>
                padded[i].narrow(1, at.Y, 16).narrow(2, at.X, 16).equal(changed[i]).all().item<bool>()));
        }

        Assert.IsGreaterThan(12, places.Count);
    }

    [TestMethod]
    public void Random_erasing_puts_noise_into_a_rectangle_of_half_of_the_images()
    {
        using var scope = NewDisposeScope();
        var images = zeros(256, 1, 40, 40);
        var changed = Augmenter.Apply(images, Augmentation.RandomErasing, seed: 1).ne(0);
        var shares = new List<double>();
        var tall = 0;
        for (var i = 0; i < 256; i++)
        {
            var (rows, columns) = (changed[i].any(2).sum().item<long>(), changed[i].any(1).sum().item<long>());
            if (rows > 0)
            {
                Assert.AreEqual(rows * columns, changed[i].sum().item<long>(), "It is no rectangle.");
                Assert.IsTrue((double)rows / columns is > 0.2 and < 5, $"{rows} by {columns}");
                shares.Add(rows * columns / 1600.0);
                tall += rows > columns ? 1 : 0;
            }
        }

        Assert.IsTrue(shares.Count is > 96 and < 160, $"{shares.Count} of 256");
        Assert.IsTrue(shares.Min() is > 0.01 and < 0.06 && shares.Max() is > 0.33 and <= 0.41, $"{shares.Min()} to {shares.Max()}");
        Assert.IsTrue(tall > shares.Count / 4 && tall < shares.Count * 3 / 4, $"{tall} of {shares.Count} are taller than wide");
    }

    [TestMethod]
    public void Noise_is_of_the_images_type_and_the_rest_stays()
    {
        using var scope = NewDisposeScope();
        var images = full([64, 3, 20, 20], 7, ScalarType.Byte);
        var changed = Augmenter.Apply(images, Augmentation.RandomErasing, seed: 1);

        Assert.AreEqual(ScalarType.Byte, changed.dtype);
        Assert.AreEqual(7, images.min().item<byte>());
        Assert.IsGreaterThan(200, changed.data<byte>().ToArray().Distinct().Count());
        Assert.IsGreaterThan(64L * 3 * 400 * 6 / 10, changed.eq(7).sum().item<long>());
    }

    [TestMethod]
    public void Flips_in_turn_show_each_image_both_ways_in_any_two_epochs()
    {
        using var scope = NewDisposeScope();
        var images = Numbered(64, 4);
        var alternating = new AugmentationPlan { Flip = FlipKind.Alternating };

        // Other batches in another order: image i is at the place where numbers says so.
        bool[] Flipped(int epoch)
        {
            var numbers = BatchOrder.Of(64, 64, shuffle: epoch, skip: 0, share: null).Single().ToArray();
            var changed = Augmenter.Apply(
                images.index_select(0, tensor(numbers)), numbers, alternating, Format(4), new(BatchSeed: epoch, TrainingSeed: 5, epoch));
            var flipped = new bool[64];
            for (var i = 0; i < 64; i++)
            {
                flipped[numbers[i]] = changed[i].equal(images[numbers[i]].flip(2)).all().item<bool>();
            }

            return flipped;
        }

        var (first, second, third) = (Flipped(0), Flipped(1), Flipped(2));
        Assert.IsTrue(first.Count(flip => flip) is > 20 and < 44);
        CollectionAssert.AreEqual(first.Select(flip => !flip).ToArray(), second);
        CollectionAssert.AreEqual(first, third);
    }

    [TestMethod]
    [DataRow(0.08)]
    [DataRow(0.5)]
    public void A_random_crop_shows_a_part_of_the_area_and_proportions_that_are_asked_for(double smallest)
    {
        using var scope = NewDisposeScope();

        // How much of each ramp a crop shows is how wide and how high it is.
        var ramp = linspace(0, 1, 90).view(1, 1, 1, 90).expand(512, 1, 90, 90);
        var images = cat([ramp, ramp.transpose(2, 3)], 1);
        var crops = Apply(images, new() { SmallestCrop = smallest }, new(new(2, 64, 64), true, default) { Kept = new(2, 96, 96) });

        CollectionAssert.AreEqual((long[])[512, 2, 64, 64], crops.shape);
        var width = (crops.select(1, 0).amax([1, 2]) - crops.select(1, 0).amin([1, 2])).mul(64 / 63.0);
        var height = (crops.select(1, 1).amax([1, 2]) - crops.select(1, 1).amin([1, 2])).mul(64 / 63.0);
        var (areas, aspects) = ((width * height).data<float>().ToArray(), (width / height).data<float>().ToArray());
        Assert.IsTrue(areas.Min() > smallest - 0.03 && areas.Min() < smallest + 0.1, $"{areas.Min()}");
        Assert.IsTrue(areas.Max() > 0.9 && areas.Max() < 1.05, $"{areas.Max()}");
        Assert.IsTrue(aspects.Min() is > 0.7f and < 0.85f && aspects.Max() is < 1.4f and > 1.2f, $"{aspects.Min()} {aspects.Max()}");
    }

    [TestMethod]
    [DataRow(ResizeMode.Stretch, 1.0)]
    [DataRow(ResizeMode.Pad, 2.0)]
    public void Crops_have_the_proportions_that_scoring_sees(ResizeMode mode, double square)
    {
        using var scope = NewDisposeScope();

        // Twice as wide as high: stretched, that is not seen; else a square crop is half as wide, of the whole width, as it is high.
        var ramp = linspace(0, 1, 60).view(1, 1, 1, 60).expand(512, 1, 30, 60);
        var images = cat([ramp, linspace(0, 1, 30).view(1, 1, 30, 1).expand(512, 1, 30, 60)], 1);
        var crops = Apply(images, new() { SmallestCrop = 0.1 }, new(new(2, 64, 64), true, mode) { Kept = new(2, 96, 96) });

        var (left, right) = (crops.select(1, 0).amin([1, 2]), crops.select(1, 0).amax([1, 2]));
        var height = crops.select(1, 1).amax([1, 2]) - crops.select(1, 1).amin([1, 2]);
        var aspects = ((right - left) / height).data<float>().ToArray();
        Array.Sort(aspects);
        Assert.AreEqual(1, aspects[256] * square, 0.1);
        Assert.IsLessThan(0.05f, left.min().item<float>());
        Assert.IsGreaterThan(0.95f, right.max().item<float>());
        Assert.IsGreaterThan(50, left.data<float>().ToArray().Distinct().Count());
    }

    // Of a square that the image is fitted into, half would be margin.
    [TestMethod]
    public void Crops_of_large_images_show_no_margin()
    {
        using var scope = NewDisposeScope();
        var crops = Apply(ones(64, 1, 205, 400), new() { SmallestCrop = 0.08 }, new(new(1, 24, 24), true, ResizeMode.Pad));
        Assert.IsGreaterThan(0.99f, crops.min().item<float>());

        var format = new InputFormat(new(1, 24, 24), true, ResizeMode.Pad) { Kept = new(1, 36, 36) };
        Assert.AreEqual((new(1, 18, 36), ResizeMode.Stretch), format.Reduced(205, 400));
        Assert.AreEqual((new(1, 36, 36), ResizeMode.CenterCrop), (format with { ResizeMode = ResizeMode.CenterCrop }).Reduced(205, 400));
        Assert.AreEqual((new(1, 24, 24), ResizeMode.Pad), (format with { Kept = default }).Reduced(205, 400));
    }

    [TestMethod]
    public void A_vertical_flip_turns_half_of_the_images_upside_down()
    {
        using var scope = NewDisposeScope();
        var images = Numbered(64, 5);
        var changed = Augmenter.Apply(images, Augmentation.VerticalFlip, seed: 1);
        var flipped = changed.eq(images.flip(2)).all(-1).all(-1).all(-1);
        var same = changed.eq(images).all(-1).all(-1).all(-1);

        Assert.IsTrue(flipped.sum().item<long>() is > 20 and < 44);
        Assert.AreEqual(64, (flipped.sum() + same.sum()).item<long>());
    }

    // Of a ramp, the slope has the length that it had and the direction that the image is turned to: also where images are not square, and
    // beside crops.
    [TestMethod]
    [DataRow(15, null)]
    [DataRow(180, null)]
    [DataRow(30, 1.0)]
    public void A_rotation_turns_images_by_up_to_as_much_as_is_said_and_changes_no_distance(double most, double? crop)
    {
        using var scope = NewDisposeScope();
        var ramp = arange(0, 48, ScalarType.Float32).view(1, 1, 1, 48).expand(256, 1, 24, 48);
        var turned = Apply(ramp, new() { Rotation = most, SmallestCrop = crop }, new(new(1, 24, 48), true, default));
        float[] Slope(int dimension, int size) => (turned.narrow(dimension, (size / 2) + 1, 1) - turned.narrow(dimension, size / 2, 1))
            .select(2, dimension == 2 ? 0 : 12).select(2, dimension == 2 ? 24 : 0).flatten().data<float>().ToArray();
        var (x, y) = (Slope(3, 48), Slope(2, 24));
        var angles = x.Zip(y, (x, y) => Math.Atan2(-y, x) * 180 / Math.PI).ToArray();

        CollectionAssert.AreEqual((long[])[256, 1, 24, 48], turned.shape);
        foreach (var (a, b) in x.Zip(y))
        {
            Assert.AreEqual(1, Math.Sqrt((a * a) + (b * b)), crop is null ? 1e-3 : 0.4);
        }

        Assert.IsTrue(angles.Min() >= -most - 0.1 && angles.Min() < -0.9 * most, $"{angles.Min()}");
        Assert.IsTrue(angles.Max() <= most + 0.1 && angles.Max() > 0.9 * most, $"{angles.Max()}");
    }

    [TestMethod]
    public void What_a_rotation_leaves_free_shows_the_mirrored_image()
    {
        using var scope = NewDisposeScope();
        var turned = Apply(ones(64, 1, 20, 20), new() { Rotation = 180 });

        Assert.IsGreaterThan(0.999f, turned.min().item<float>());
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    public void Brightness_contrast_and_saturation_change_by_factors_of_their_own(int channels)
    {
        using var scope = NewDisposeScope();

        // The left half is darker; the channels differ by as much.
        var images = full([512, channels, 8, 8], 0.5f);
        images.narrow(3, 0, 4).sub_(0.1f);
        if (channels == 3)
        {
            images.select(1, 0).sub_(0.05f);
            images.select(1, 2).add_(0.05f);
        }

        var changed = Augmenter.Apply(images, Augmentation.ColorJitter, seed: 1);
        float[] Of(Tensor values) => values.flatten().data<float>().ToArray();
        var brightness = Of(changed.mean([1, 2, 3]) / images.mean([1, 2, 3]));
        var halves = Of((changed.select(3, 7) - changed.select(3, 0)).mean([1, 2]) / 0.1f);
        var contrast = halves.Zip(brightness, (difference, factor) => difference / factor).ToArray();

        AssertFactors(brightness);
        AssertFactors(contrast);
        if (channels == 3)
        {
            var spread = Of((changed.select(1, 2) - changed.select(1, 0)).mean([1, 2]) / 0.1f);
            AssertFactors([.. spread.Zip(halves, (difference, half) => difference / half)]);
        }

        var bytes = images.mul(255).round().to_type(ScalarType.Byte);
        var ofBytes = Augmenter.Apply(bytes, Augmentation.ColorJitter, seed: 1);
        Assert.IsLessThan(0.01f, (ofBytes - changed).abs().max().item<float>());

        static void AssertFactors(float[] factors)
        {
            Assert.IsTrue(factors.Min() is > 0.57f and < 0.66f && factors.Max() is < 1.43f and > 1.34f, $"{factors.Min()} {factors.Max()}");
            Assert.AreEqual(1, factors.Average(), 0.05);
        }
    }

    [TestMethod]
    public void Pixels_that_are_changed_in_brightness_stay_in_range()
    {
        using var scope = NewDisposeScope();
        var changed = Augmenter.Apply(rand(64, 3, 8, 8), Augmentation.ColorJitter, seed: 1);

        Assert.IsTrue(changed.min().item<float>() >= 0 && changed.max().item<float>() <= 1);
    }

    // They may be from -1 to 1: what is below 0 would become black.
    [TestMethod]
    public void Colours_of_floats_are_not_changed()
    {
        var trainer = Images.Trainer(
            Images.Context(), ImageKind.GreyFloats, options => options.Augmentation = Augmentation.ColorJitter);

        var message = Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(Images.Labelled(12, ImageKind.GreyFloats))).Message;

        StringAssert.Contains(message, "ColorJitter takes images or bytes");
    }

    [TestMethod]
    public void A_training_with_all_changes_goes_on_from_a_checkpoint_as_if_nothing_had_been()
    {
        var folder = Directory.CreateTempSubdirectory("resnet-augmentation-");
        float[] Scores(string checkpoints, bool cancel = false)
        {
            using var source = new CancellationTokenSource();
            using var model = Images.Trainer(Images.Context(), change: options =>
            {
                options.Augmentation = (Augmentation)2047 & ~Augmentation.Mixup;
                (options.LargestRotation, options.SmallestCrop, options.NumberOfEpochs) = (40, 0.5, 2);
                (options.CancellationToken, options.OnCancellation) = (source.Token, CancellationBehavior.ReturnModel);
                options.Checkpoints = new() { Directory = Path.Combine(folder.FullName, checkpoints), Resume = true };
                options.EpochCallback = epoch => source.CancelIf(cancel && epoch.Epoch == 1);
            }).Fit(Images.Labelled(30));
            return [.. Snapshot.Scores(model.Transform(Images.Unlabelled())).SelectMany(scores => scores)];
        }

        Scores("parts", cancel: true);

        CollectionAssert.AreEqual(Scores("whole"), Scores("parts"));
        folder.Delete(recursive: true);
    }

    [TestMethod]
    public void Numbers_of_changes_that_are_not_made_are_refused()
    {
        string Message(Action<ResNetTrainer.Options> change) =>
            Assert.ThrowsExactly<InvalidOperationException>(() => Images.Trainer(Images.Context(), change: change)).Message;

        Assert.Contains("null without Augmentation.Rotation", Message(options => options.LargestRotation = 30));
        Assert.Contains("null without Augmentation.RandomResizedCrop", Message(options =>
            (options.Augmentation, options.SmallestCrop) = (Augmentation.Flip, 0.3)));
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(180.5)]
    [DataRow(double.NaN)]
    public void A_largest_rotation_that_is_no_angle_is_refused(double degrees)
    {
        var message = Assert.ThrowsExactly<InvalidOperationException>(() =>
            Images.Trainer(Images.Context(), change: options =>
                (options.Augmentation, options.LargestRotation) = (Augmentation.Rotation, degrees))).Message;

        Assert.Contains("LargestRotation", message);
    }

    [TestMethod]
    public void Crops_of_the_small_images_that_training_begins_with_lose_no_pixels()
    {
        using var scope = NewDisposeScope();

        // Every other column is white. Where samples lie between pixels further apart than that, some crops would be all white or black.
        var stripes = arange(0, 96, ScalarType.Int64).remainder(2).to_type(ScalarType.Float32).view(1, 1, 1, 96).expand(64, 1, 96, 96);
        var crops = Apply(stripes, new() { SmallestCrop = 0.99 }, new(new(1, 24, 24), true, default) { Kept = new(1, 96, 96) });

        var edge = crops.slice(2, 4, 20, 1).slice(3, 4, 20, 1);
        Assert.IsLessThan(0.25f, (edge - 0.5f).abs().max().item<float>());
    }

    [TestMethod]
    public void The_largest_random_crop_is_the_whole_image_and_bytes_become_shares_of_255()
    {
        using var scope = NewDisposeScope();
        var images = arange(0, 4 * 3 * 400, ScalarType.Int64).remainder(256).to_type(ScalarType.Byte).view(4, 3, 20, 20);
        var crops = Apply(images, new() { SmallestCrop = 1 }, Format(20, channels: 3));

        Assert.IsLessThan(1e-4, (crops - images.to_type(ScalarType.Float32).div(255)).abs().max().item<float>());
    }

    [TestMethod]
    public void Images_for_random_crops_are_kept_half_as_large_again_as_the_network_sees_them()
    {
        // 24 images: 9,600 bytes at the network's 20 pixels, 21,600 at 30. What exceeds the budget is read again in the epoch.
        int RowsRead(Augmentation augmentation)
        {
            var data = Images.Labelled(24, ImageKind.GreyEncoded, size: 60);
            using var model = Images.Trainer(Images.Context(), ImageKind.GreyEncoded, options =>
                (options.Augmentation, options.ImageSize, options.MemoryBudget) = (augmentation, 20, 15_000)).Fit(data);
            return data.RowsRead;
        }

        Assert.AreEqual(24, RowsRead(Augmentation.None));
        Assert.AreEqual(48, RowsRead(Augmentation.RandomResizedCrop));
    }

    [TestMethod]
    public void Images_of_different_sizes_have_crops_of_their_own()
    {
        using var scope = NewDisposeScope();
        Tensor Crop(int number) => Augmenter.Apply(
            Numbered(1, 20), [number], new() { SmallestCrop = 0.1 }, Format(20), new(BatchSeed: 1));

        Assert.IsFalse(Crop(1).equal(Crop(2)).all().item<bool>());
        Assert.IsTrue(Crop(1).equal(Crop(1)).all().item<bool>());
    }

    [TestMethod]
    public void Images_of_different_sizes_are_mirrored_and_erased_each_in_its_own_way()
    {
        using var scope = NewDisposeScope();
        var image = Numbered(1, 20);
        Tensor[] Changed(AugmentationPlan plan) =>
            [.. Enumerable.Range(0, 64).Select(part => Augmenter.Apply(image, [part], plan, Format(20), new(BatchSeed: 1, Part: part)))];
        var mirrored = Changed(new() { Flip = FlipKind.Coin }).Count(each => !each.equal(image).all().item<bool>());
        var noises = Changed(new() { EraseProbability = 1, EraseLeast = 0.4, ErasesWithNoise = true })
            .Select(each => each.sum().item<float>()).Distinct();

        Assert.IsTrue(mirrored is > 16 and < 48, $"{mirrored} of 64");
        Assert.HasCount(64, noises);
    }

    [TestMethod]
    public void Each_part_of_a_batch_is_changed_as_the_part_that_it_is()
    {
        using var scope = NewDisposeScope();
        using var batch = new ImageBatch([Numbered(1, 4), Numbered(2, 5)], [2, 0, 1], zeros(3, ScalarType.Int64), ones(3));
        var parts = new List<(long, int)>();
        batch.ToInput(Format(4), (raw, part) =>
        {
            parts.Add((raw.shape[0], part));
            return raw;
        });

        CollectionAssert.AreEqual(((long, int)[])[(1, 0), (2, 1)], parts);
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(1.01)]
    [DataRow(double.NaN)]
    public void A_smallest_crop_that_is_no_share_is_refused(double share)
    {
        var message = Assert.ThrowsExactly<InvalidOperationException>(() =>
            Images.Trainer(Images.Context(), change: options =>
                (options.Augmentation, options.SmallestCrop) = (Augmentation.RandomResizedCrop, share))).Message;

        Assert.Contains("SmallestCrop", message);
    }

    // Every pixel of every image has a value of its own.
    private static Tensor Numbered(int count, int size) =>
        arange(1, (count * size * size) + 1, ScalarType.Float32).view(count, 1, size, size);

    private static InputFormat Format(int size, int channels = 1) => new(new(channels, size, size), true, ResizeMode.Stretch);

    private static Tensor Apply(Tensor images, AugmentationPlan plan, InputFormat? format = null) =>
        Augmenter.Apply(images, null, plan, format ?? Format((int)images.shape[3]), new(BatchSeed: 1));
}
