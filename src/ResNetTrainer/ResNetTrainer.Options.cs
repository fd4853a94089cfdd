using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Hosting;

namespace ResNetMLNet;

public sealed partial class ResNetTrainer
{
    /// <summary>What a <see cref="ResNetTrainer"/> trains and how.</summary>
    public sealed class Options
    {
        /// <summary>The label column, a key. Default: "Label".</summary>
        public string LabelColumnName { get; set; } = DefaultColumnNames.Label;

        /// <summary>The column of pictures. Default: "Features".</summary>
        public string FeatureColumnName { get; set; } = DefaultColumnNames.Features;

        /// <summary>The output column of probabilities. Default: "Score".</summary>
        public string ScoreColumnName { get; set; } = DefaultColumnNames.Score;

        /// <summary>The output column of the likeliest class. Default: "PredictedLabel".</summary>
        public string PredictedLabelColumnName { get; set; } = DefaultColumnNames.PredictedLabel;

        /// <summary>Where to train and score. Default: the GPU if there is one.</summary>
        public ComputeDevice Device { get; set; } = ComputeDevice.Auto;

        /// <summary>For pictures (<c>MLImage</c> or encoded), which always have colours: 3 reads them as red, green, blue, 1 as grey. A vector states its own.</summary>
        public int ImageChannels { get; set; } = 3;

        /// <summary>The network. Default: ResNet-18.</summary>
        public ResNetArchitecture Architecture { get; set; } = ResNetArchitecture.ResNet18;

        /// <summary>The height and width in pixels to which pictures are resized, in batches on the device; null keeps the column's.</summary>
        public int? ImageSize { get; set; }

        /// <summary>How pictures that are not square are resized. Default: stretched.</summary>
        public ResizeMode ResizeMode { get; set; } = ResizeMode.Stretch;

        /// <summary>Which random changes training may make to pictures; null leaves it to the recipe (Fast: flips and shifts; Book: none).</summary>
        public Augmentation? Augmentation { get; set; }

        /// <summary>
        /// Scores a picture and its mirror image and takes the mean: somewhat more accurate and half as fast. For pictures whose mirror image
        /// means the same. Default: false.
        /// </summary>
        public bool TestTimeFlip { get; set; }

        /// <summary>How to train. Default: fast.</summary>
        public TrainingRecipe Recipe { get; set; } = TrainingRecipe.Fast;

        /// <summary>Passes over the training data; null leaves it to the recipe (10).</summary>
        public int? NumberOfEpochs { get; set; }

        /// <summary>Pictures a step; null leaves it to the recipe (Book: 256; Fast: 32 to 128, by the number of pictures).</summary>
        public int? BatchSize { get; set; }

        /// <summary>The learning rate, the highest one where it varies; null leaves it to the recipe (Book: 0.05, constant).</summary>
        public double? LearningRate { get; set; }

        /// <summary>What convolutions compute in. Default: bfloat16 where the hardware has it natively, else float32.</summary>
        public ComputePrecision Precision { get; set; } = ComputePrecision.Auto;

        /// <summary>
        /// Rows that are scored after each epoch, with the feature and label columns as the trainer sees them: put them through the
        /// steps before the trainer first.
        /// </summary>
        public IDataView? ValidationSet { get; set; }

        /// <summary>Called after each epoch, on the thread that trains. What it throws ends training.</summary>
        public Action<EpochMetrics>? EpochCallback { get; set; }

        /// <summary>The seed of weights, order and augmentation; null takes the context's, or draws one where that has none.</summary>
        public int? Seed { get; set; }

        /// <summary>The bytes of memory that the pictures may take; more are read again each epoch. Null: half of the machine's memory.</summary>
        public long? MemoryBudget { get; set; }

        /// <summary>Stops training within a step, with an <see cref="OperationCanceledException"/>.</summary>
        public CancellationToken CancellationToken { get; set; }

        /// <summary>Changes the recipe in ways that users cannot: for measuring what each ingredient is worth.</summary>
        internal Func<Training.TrainingPlan, Training.TrainingPlan>? Ablation { get; set; }

        internal Options Clone() => (Options)MemberwiseClone();

        internal void Check(IExceptionContext context)
        {
            Names(context);
            Require(context, ImageChannels is 1 or 3, nameof(ImageChannels), ImageChannels, "1 (grey) or 3 (red, green, blue)");
            Require(context, ImageSize is null or (>= 1 and <= 4096), nameof(ImageSize), ImageSize, "between 1 and 4096 pixels");
            Require(context, NumberOfEpochs is null or >= 1, nameof(NumberOfEpochs), NumberOfEpochs, "at least 1");
            Require(context, BatchSize is null or >= 2, nameof(BatchSize), BatchSize, "at least 2, because batch normalisation compares pictures");
            Require(context, LearningRate is null or (> 0 and < double.PositiveInfinity), nameof(LearningRate), LearningRate, "positive and finite");
            Require(context, MemoryBudget is null or >= 0, nameof(MemoryBudget), MemoryBudget, "at least 0 bytes");
            Require(context, Enum.IsDefined(Device), nameof(Device), Device, "Auto, Cpu or Cuda");
            Require(context, Enum.IsDefined(Precision), nameof(Precision), Precision, "Auto, Float32 or BFloat16");
            Require(context, Enum.IsDefined(Recipe), nameof(Recipe), Recipe, "Fast or Book");
            Require(context, Enum.IsDefined(ResizeMode), nameof(ResizeMode), ResizeMode, "Stretch, CenterCrop or Pad");
            Require(context, Architecture is not null, nameof(Architecture), "null", "a network, for instance ResNetArchitecture.ResNet18");
            var (depths, width) = (Architecture!.Depths, Architecture.Width);
            Require(context, depths.ToArray().All(depth => depth is >= 1 and <= 1000), "Architecture.Depths", depths, "at least one block in each stage");
            Require(context, width is >= 1 and <= 1024, "Architecture.Width", width, "between 1 and 1024 channels");
        }

        private void Names(IExceptionContext context)
        {
            foreach (var (option, name) in ((string, string)[])
            [
                (nameof(LabelColumnName), LabelColumnName),
                (nameof(FeatureColumnName), FeatureColumnName),
                (nameof(ScoreColumnName), ScoreColumnName),
                (nameof(PredictedLabelColumnName), PredictedLabelColumnName),
            ])
            {
                Require(context, !string.IsNullOrWhiteSpace(name), option, $"'{name}'", "the name of a column");
            }

            Require(
                context, ScoreColumnName != PredictedLabelColumnName, nameof(PredictedLabelColumnName), PredictedLabelColumnName, "different from ScoreColumnName");
        }

        private static void Require(IExceptionContext context, bool holds, string option, object? value, string wanted)
        {
            if (!holds)
            {
                throw context.Error($"The option {option} is {value}, but it must be {wanted}.");
            }
        }
    }
}
