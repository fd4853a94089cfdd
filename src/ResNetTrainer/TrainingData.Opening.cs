using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Training;
using TorchSharp;

namespace ResNetMLNet;

internal sealed partial class TrainingData
{
    /// <summary>The steps of opening, with what they share.</summary>
    private sealed class Opening(IHost host, ResNetTrainer.Options options, TrainingSetting setting)
    {
        private const string ThroughTheSteps = "It must have been put through the steps before the trainer: fit those on the training "
            + "data first and give their Transform of the validation data.";

        // Half of the machine's, and of the GPU's: training wants some too.
        public ImageMemory Memory { get; } = new(
            options.MemoryBudget ?? ImageMemory.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2 / setting.ProcessesHere),
            setting.Device.type == DeviceType.CUDA ? CudaDriver.Memory(setting.Device.index) / 2 : long.MaxValue);

        public (IDataView Train, IDataView? Validation) Split((IDataView Train, IDataView? Validation) views, int seed)
        {
            if (options.ValidationFraction is not { } fraction)
            {
                return views;
            }

            return views.Validation is null
                ? Internals.Split(host, views.Train, fraction, seed)
                : throw host.Error("There is a validation set, and ValidationFraction asks for a part of the training data "
                    + "besides. Leave out one of them.");
        }

        public void CheckMetrics(IDataView? validation)
        {
            if (validation is null && options.Calibrate)
            {
                throw host.Error(
                    "The option Calibrate needs a validation set, and there is none. "
                    + "Set ValidationSet or ValidationFraction, or leave it out.");
            }

            foreach (var (option, metric) in ((string, TrainingMetric?)[])
                [(nameof(options.EarlyStopping), options.EarlyStopping?.Metric), (nameof(options.BestWeightsBy), options.BestWeightsBy)])
            {
                if (validation is null && metric is TrainingMetric.ValidationLoss or TrainingMetric.ValidationAccuracy)
                {
                    throw host.Error(
                        $"The option {option} watches {metric}, but there is no validation set. Set ValidationSet or "
                        + "ValidationFraction, or let it watch TrainLoss.");
                }
            }
        }

        // A square image with colours, and a grey one of 4:3, may have as many values.
        public void CheckShape(FeatureColumn feature)
        {
            if (feature.OtherShape is { } other)
            {
                using var channel = host.OpenChannel("Data");
                channel.Warn(
                    $"The feature column '{feature.Column.Name}' has {feature.Shape!.Value.Count} values without dimensions, and is taken "
                    + $"for images of {feature.Shape} (channels x height x width). If they are of {other}, give the column its dimensions: "
                    + "[VectorType(channels, height, width)].");
            }
        }

        public TrainingColumns FindColumns(IDataView data) => new(
            FeatureColumn.Find(host, data.Schema, options.FeatureColumnName, options.ImageChannels, options.MaximumImagePixels),
            LabelColumn.Find(host, data, options.LabelColumnName),
            WeightColumn.Find(host, data.Schema, options.ExampleWeightColumnName));

        // What is wrong with the options is said before the data is read.
        public (InputFormat Format, ResNetArchitecture Architecture) Choose(IDataView data, FeatureColumn feature, LabelColumn label)
        {
            if (setting.Architecture is { } wanted)
            {
                options.Check(host, wanted);
            }

            var shape = options.ImageSize is { } size
                ? new ImageShape(feature.Channels, size, size)
                : feature.FindShape(host, data, label, options.UnreadableImages) ?? throw label.NoLabels(host, data);
            var architecture = setting.Architecture ?? ResNetArchitecture.DefaultFor(shape.LongerSide, options.Recipe);
            options.Check(host, architecture);
            var smallest = architecture.MinimumImageSize;
            if (shape.Height < smallest || shape.Width < smallest)
            {
                throw host.Error(
                    $"The images of column '{feature.Column.Name}' are {shape.Height}x{shape.Width} pixels as the network sees "
                    + $"them, but it needs {smallest} a side: "
                    + "the last of its stages would see a single pixel. Set ImageSize (32, say) to have them enlarged.");
            }

            var format = new InputFormat(shape, Resizes: options.ImageSize is not null, options.ResizeMode)
            {
                MaximumPixels = options.MaximumImagePixels,
            };
            return (format, architecture);
        }

        // Crops have the more to show, the larger the images are kept.
        public InputFormat ForTraining(InputFormat format) => options.Augmentation?.HasFlag(Augmentation.RandomResizedCrop) == true
            ? format with { Kept = RandomCrops.KeptFor(format.Shape) }
            : format;

        public ImageDataset Load(
            IDataView data, TrainingColumns columns, InputFormat format, string title = ExampleSource.TrainingTitle) => ImageDataset.Load(
            new(host, data, columns, format, options.CancellationToken)
            {
                Title = title,
                Unreadable = options.UnreadableImages,
                OnRead = ReadingReporter(data.GetRowCount()),
            },
            setting.Device,
            Memory,
            recognisable: options.Checkpoints is not null || !setting.Group.IsAlone,
            isShared: !setting.Group.IsAlone);

        private Action<long>? ReadingReporter(long? rows)
        {
            const long Milliseconds = 100;
            var last = Environment.TickCount64;
            return options.ProgressCallback is not { } callback || !setting.Group.IsFirst ? null : count =>
            {
                if (Environment.TickCount64 - last >= Milliseconds)
                {
                    last = Environment.TickCount64;
                    callback(new() { Phase = TrainingPhase.Reading, Images = count, NumberOfImages = rows });
                }
            };
        }

        public void CheckClasses(ImageDataset train, LabelColumn label)
        {
            if (train.Statistics.Weights.Count(weight => weight > 0) < 2)
            {
                var names = KeyValues.NamesOf(KeyValues.Of(label.Column), label.Classes);
                var only = names[Array.FindIndex(train.Statistics.Weights, weight => weight > 0)];
                throw host.Error(
                    $"All {train.Count} rows that count have the same label in column '{label.Column.Name}', '{only}': "
                    + $"{LabelColumn.NothingToTellApart}");
            }
        }

        // The split of a folder, say, which is read class by class.
        public void CheckOrder(IDataView data, ImageDataset train)
        {
            if (train is { IsStreamed: true, Statistics.IsGrouped: true } && !data.CanShuffle)
            {
                using var channel = host.OpenChannel("Data");
                channel.Warn(
                    "The images do not fit into MemoryBudget, and the data cannot be shuffled: they are trained on class after class, "
                    + FormattableString.Invariant($"shuffled only within what does fit, {train.Window:N0} bytes. ")
                    + "Put ml.Data.ShuffleRows(images, shufflePoolSize: 1) before the split, or raise MemoryBudget.");
            }
        }

        public TrainingColumns FindValidationColumns(IDataView data, LabelColumn trainLabel)
        {
            foreach (var name in (string?[])[options.LabelColumnName, options.FeatureColumnName, options.ExampleWeightColumnName])
            {
                if (name is not null && data.Schema.GetColumnOrNull(name) is null)
                {
                    throw host.Error($"The validation set has no column '{name}'. {ThroughTheSteps}");
                }
            }

            try
            {
                var columns = FindColumns(data);
                CheckSameClasses(trainLabel, columns.Label);
                return columns;
            }
            catch (ArgumentOutOfRangeException e)
            {
                // What it advises is for the training data, whose steps may be as they should.
                throw host.Error(
                    e, $"A column of the validation set is of another type than training needs. {ThroughTheSteps} ({e.Message})");
            }
        }

        public ImageDataset? LoadValidation(IDataView? data, TrainingColumns? columns, ImageDataset train, float largestPixel)
        {
            if (data is null)
            {
                return null;
            }

            var validation = Load(data, columns!, train.Format with { Kept = default }, "validation set");
            try
            {
                CheckScale(largestPixel, LargestPixelOf(columns!, validation));
                CheckCounting(validation, train);
                return validation;
            }
            catch
            {
                validation.Dispose();
                throw;
            }
        }

        private void CheckScale(float train, float validation)
        {
            if (PixelScale.Differs(train, validation))
            {
                throw host.Error(
                    FormattableString.Invariant($"The pixels of the training data go up to {train}, those of the validation set up to ")
                    + FormattableString.Invariant($"{validation} (bytes and images are scaled to [0, 1]). {ThroughTheSteps}"));
            }
        }

        // Balanced classes of which the training data has no image do not count.
        private void CheckCounting(ImageDataset validation, ImageDataset train)
        {
            var counts = options.ClassWeights == ClassWeights.Equal
                || validation.Statistics.Weights.Zip(train.Statistics.Weights).Any(pair => pair.First > 0 && pair.Second > 0);
            if (!counts)
            {
                throw host.Error(
                    "Nothing in the validation set counts: the training data has no image of its classes, and with ClassWeights.Balanced "
                    + "these weigh nothing. Give validation rows of classes that are trained, or set ClassWeights = ClassWeights.Equal.");
            }
        }

        private void CheckSameClasses(LabelColumn train, LabelColumn validation)
        {
            var (expected, actual) = (KeyValues.Of(train.Column)?.Names ?? [], KeyValues.Of(validation.Column)?.Names ?? []);
            if (train.Classes == validation.Classes && expected.SequenceEqual(actual))
            {
                return;
            }

            var difference = expected.Count > 0 && actual.Count > 0 ? LabelNames.Difference(expected, actual, "the training data's") : null;
            difference ??= $"it has {validation.Classes}{Unnamed(actual)} where the training data's has {train.Classes}{Unnamed(expected)}";
            throw host.Error(
                $"The label column '{options.LabelColumnName}' of the validation set has other classes than that of the training "
                + $"data: {difference}. "
                + LabelNames.Remedy("the names of all classes"));

            static string Unnamed(IReadOnlyList<string> names) => names.Count == 0 ? " without names" : "";
        }
    }
}
