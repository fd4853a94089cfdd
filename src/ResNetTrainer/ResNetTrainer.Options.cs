using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet;

public sealed partial class ResNetTrainer
{
    /// <summary>What a <see cref="ResNetTrainer"/> trains and how.</summary>
    public sealed partial class Options
    {
        /// <summary>The label column, a key. Default: "Label".</summary>
        public string LabelColumnName { get; set; } = DefaultColumnNames.Label;

        /// <summary>The column of images. Default: "Features".</summary>
        public string FeatureColumnName { get; set; } = DefaultColumnNames.Features;

        /// <summary>The output column of probabilities. Default: "Score".</summary>
        public string ScoreColumnName { get; set; } = DefaultColumnNames.Score;

        /// <summary>The output column of the likeliest class. Default: "PredictedLabel".</summary>
        public string PredictedLabelColumnName { get; set; } = DefaultColumnNames.PredictedLabel;

        /// <summary>Where to train and score. Default: the GPU if there is one.</summary>
        public ComputeDevice Device { get; set; } = ComputeDevice.Auto;

        /// <summary>
        /// For images (<c>MLImage</c> or encoded), which always have colours: 3 reads them as red, green, blue, 1 as grey; null: as the
        /// model in <see cref="StartFrom"/> does, else 3. A vector states its own.
        /// </summary>
        public int? ImageChannels { get; set; }

        /// <summary>
        /// For encoded images: the pixels (width times height) of the largest one that is decoded. The header says how large an image is; a
        /// larger one is refused before a pixel is decoded, where each takes four bytes. Between 1 and 500 million; stored in the model and
        /// used at scoring. Null: as the model in <see cref="StartFrom"/> does, else 100 million.
        /// </summary>
        public int? MaximumImagePixels { get; set; }

        /// <summary>
        /// What <c>Fit</c> does with images that cannot be read. Default: it fails and names the first. The model does not keep this:
        /// scoring fails unless <see cref="ResNetTransformer.WithUnreadableImages"/> says otherwise.
        /// </summary>
        public UnreadableImages UnreadableImages { get; set; }

        /// <summary>
        /// The network; null: that of <see cref="StartFrom"/> or <see cref="InitialWeights"/>, else the one that suits
        /// the images (<see cref="ResNetArchitecture.DefaultFor"/>), or with <see cref="TrainingRecipe.Book"/> the chapter's.
        /// </summary>
        public ResNetArchitecture? Architecture { get; set; }

        /// <summary>
        /// The height and width in pixels to which images are resized, photographs as they are read, smaller images in batches on the
        /// device: between 1 and 4096, and at least <see
        /// cref="ResNetArchitecture.MinimumImageSize"/>. Null: as the model in <see cref="StartFrom"/> resizes them; else they keep the
        /// column's size, and every image, of training and of scoring, must have that of the first. Set it for photographs: 224 is what
        /// most trained weights are made for.
        /// </summary>
        public int? ImageSize { get; set; }

        /// <summary>
        /// How images that are not square are resized; null: as the model in <see cref="StartFrom"/> does it, else they are stretched. On
        /// photographs <see cref="ResizeMode.CenterCrop"/> was measured to be more accurate with trained weights (docs/BENCHMARKS.md,
        /// "Photographs").
        /// </summary>
        public ResizeMode? ResizeMode { get; set; }

        /// <summary>
        /// Which random changes training may make to images; null leaves it to the recipe. None with Book, and where <see
        /// cref="FrozenStages"/> leaves only the linear layer to be trained. Fast and Best: flips, and more in long trainings (the table
        /// in docs/CHOOSING.md, "Changes of images").
        /// </summary>
        public Augmentation? Augmentation { get; set; }

        /// <summary>
        /// Whether the mirror image of an image means the same. False where left and right matter (digits, text, arrows, left and right
        /// hands): then the recipe's <see cref="Augmentation"/> is without its flips. Null: true, unless the model in <see
        /// cref="StartFrom"/> was trained without.
        /// </summary>
        public bool? AllowFlip { get; set; }

        /// <summary>
        /// With <see cref="Augmentation.RandomResizedCrop"/>: the least of an image that the network sees, as a share of its area, in
        /// (0, 1]; null: 0.08, as is usual for many images. 0.3 or so is gentler where there are few.
        /// </summary>
        public double? SmallestCrop { get; set; }

        /// <summary>
        /// With <see cref="Augmentation.Rotation"/>: by how many degrees images are turned at most, in (0, 180]; null: 15. 180 is for
        /// images without a way up.
        /// </summary>
        public double? LargestRotation { get; set; }

        /// <summary>
        /// Of which views of an image a score is the mean; stored in the model. For images whose mirror image means the same. Default: none
        /// but the image.
        /// </summary>
        public TestTimeAugmentation TestTimeAugmentation { get; set; }

        /// <summary>How to train. Default: fast.</summary>
        public TrainingRecipe Recipe { get; set; } = TrainingRecipe.Fast;

        /// <summary>
        /// Passes over the training data; null leaves it to the recipe. From scratch with 4,000 images and more: 10 (Best: 50); with
        /// fewer images, from trained weights, from a model, or of the linear layer alone: the table in docs/CHOOSING.md, "Epochs".
        /// </summary>
        public int? NumberOfEpochs { get; set; }

        /// <summary>
        /// Images a step, and no more than there are; null leaves it to the recipe (Book: 256; Fast and Best: 32 to 128, by the number
        /// of images).
        /// </summary>
        public int? BatchSize { get; set; }

        /// <summary>
        /// The learning rate, the highest one where it varies; null leaves it to the recipe. Book: 0.05, constant. Fast and Best: 0.1
        /// from scratch, 0.05 from a model, 0.008 from trained weights, for batches of 128 and in proportion for others (all cases are in
        /// the table of docs/CHOOSING.md, "Learning rate"). Where Muon trains the convolutions (<see cref="TrainingRecipe.Fast"/>), theirs
        /// is this times the root of 64 / batch, that of all processes together.
        /// </summary>
        public double? LearningRate { get; set; }

        /// <summary>
        /// Label smoothing (Szegedy et al., 2016, https://arxiv.org/abs/1512.00567): the share of each image's label, in [0, 1), that is
        /// spread over all classes alike, so that training does not strive for certainty; null leaves it to the recipe (Book: 0; Fast and
        /// Best: 0.1 for fewer than 40,000 images, else 0, as with <see cref="StartFrom"/> or <see cref="InitialWeights"/>). It raises
        /// accuracy, and the loss of training, which includes it. Scores become too cautious rather than too sure;
        /// <see cref="Calibrate"/> mends either.
        /// </summary>
        public double? LabelSmoothing { get; set; }

        /// <summary>
        /// Leaves out of each epoch, but for the first one and the last eighth of them, this share, in [0, 1), of the images that the
        /// network knows already, drawn anew each time; what remains of them counts as much more, so that gradients are right on average
        /// (InfoBatch; Qin et al., 2024, https://arxiv.org/abs/2303.04947, who take 0.5), and steps are longer by as much as they are
        /// fewer. Known are those whose loss was below the mean. An epoch then takes less time. Null: none is left out.
        /// </summary>
        /// <remarks>
        /// For one process, images that fit in memory, and networks of which more than the linear layer is trained; elsewhere all images
        /// are trained on, and a warning says so (several processes are an error, and so are <see cref="Augmentation.Mixup"/> and
        /// <see cref="Augmentation.CutMix"/>). Loss and accuracy of training are estimates then, made of the images that the epoch had.
        /// <see cref="EarlyStopping"/> and <see cref="BestWeightsBy"/> may end with an epoch that left images out.
        /// </remarks>
        public double? DataPruning { get; set; }

        /// <summary>What convolutions compute in. Default: bfloat16 where the hardware has it natively, else float32.</summary>
        public ComputePrecision Precision { get; set; } = ComputePrecision.Auto;

        /// <summary>
        /// Rows that are scored after each epoch, with the feature and label columns as the trainer sees them: put them through the
        /// steps before the trainer first. They may be given to <c>Fit</c> instead, but not other ones.
        /// </summary>
        public IDataView? ValidationSet { get; set; }

        /// <summary>
        /// The share of the training data, in (0, 1), that is held out and scored after each epoch instead of a <see
        /// cref="ValidationSet"/>: split as <see cref="DataOperationsCatalog.TrainTestSplit"/> does, by <see cref="Seed"/>. Null: none
        /// is.
        /// </summary>
        public double? ValidationFraction { get; set; }

        /// <summary>A column of Single with how much each row counts in loss and metrics; null: all count alike.</summary>
        public string? ExampleWeightColumnName { get; set; }

        /// <summary>How much each class counts in loss and metrics. Default: by its number of images.</summary>
        public ClassWeights ClassWeights { get; set; } = ClassWeights.Equal;

        /// <summary>When to stop before the last epoch; null: never.</summary>
        public EarlyStopping? EarlyStopping { get; set; }

        /// <summary>The metric whose best epoch gives the model its weights (keeping the best weights); null: those at the end.</summary>
        public TrainingMetric? BestWeightsBy { get; set; }

        /// <summary>
        /// Calibrates the model at the end on the validation set, so that its probabilities mean what they say: of the images that are
        /// given a class with 0.8, about 80 % are of it. Temperature scaling (Guo et al., 2017): logits are divided by one number, which
        /// is the one that makes the validation loss least. Which class is the likeliest stays the same (with
        /// <see cref="TestTimeAugmentation"/>, the mean of several, nearly always). Default: false.
        /// </summary>
        /// <remarks>
        /// The model's linear layer is divided by that number, so that every way to score or export has it, and a training that starts from
        /// the model (<see cref="StartFrom"/>) goes on from there and is to be calibrated again. What it came to is in <see
        /// cref="TrainingSummary.Calibration"/>. Where the validation set also chose the best epoch, probabilities on new images are
        /// somewhat surer than they should be. A training that is cancelled is not calibrated. With <see cref="ClassWeights.Balanced"/>
        /// probabilities are those of classes that are equally frequent, and so is what they are calibrated to: of rare classes the share
        /// of right ones is lower, of frequent ones higher.
        /// </remarks>
        public bool Calibrate { get; set; }

        /// <summary>
        /// The least probability, in (0, 1), with which an image is given a class: where the likeliest is below it, <c>PredictedLabel</c>
        /// is missing, which <c>MapKeyToValue</c> makes an empty text or what is missing in its type. Stored in the model; <see
        /// cref="ResNetTransformer.WithRejectBelow"/> changes it. Null: every image is given a class.
        /// </summary>
        /// <remarks>
        /// <c>Score</c> is not changed, and ML.NET's <c>Evaluate</c> looks at nothing else: it counts rejected images by their likeliest
        /// class. For the metrics of those that are given one, leave out the others first, while the column is a key (of what <see
        /// cref="ResNetTransformer.Find(ITransformer)"/> finds, and not of a chain with <c>MapKeyToValue</c>):
        /// <c>ml.Data.FilterRowsByKeyColumnFraction(scored, "PredictedLabel")</c>. Where ML.NET's <c>ConvertToOnnx</c> writes a
        /// <c>MapKeyToValue</c> too, that gives the default of ONNX's LabelEncoder: "_Unused", or -1, or 0. The threshold means what it
        /// says where the model is calibrated (<see cref="Calibrate"/>).
        /// </remarks>
        public double? RejectBelow { get; set; }

        /// <summary>Changes the recipe in ways that users cannot: for measuring what each ingredient is worth.</summary>
        internal Func<Training.TrainingPlan, Training.TrainingPlan>? Ablation { get; set; }

        internal Options Clone() => (Options)MemberwiseClone();
    }
}
