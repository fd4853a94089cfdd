using Microsoft.ML;

namespace ResNetMLNet;

// What a training starts from, and what of it stays as it is.
public sealed partial class ResNetTrainer
{
    public sealed partial class Options
    {
        /// <summary>
        /// A model whose weights training starts from: a <see cref="ResNetTransformer"/>, or a chain with one in it as <see
        /// cref="ModelOperationsCatalog.Load(string, out DataViewSchema)"/>
        /// gives it. Classes are matched by name: they may be the same, in another order, or more; new ones start afresh. Its
        /// network, how it sees images (<see cref="ImageSize"/>, <see cref="ResizeMode"/>, <see cref="ImageChannels"/>, <see
        /// cref="MaximumImagePixels"/>) and whether it knows mirror images (<see cref="AllowFlip"/>) are taken over where these options
        /// are null. It is not changed.
        /// </summary>
        public ITransformer? StartFrom { get; set; }

        /// <summary>
        /// Weights of another origin that training starts from, as files have them; a linear layer for another number of classes starts
        /// afresh. What the weights were trained to see becomes part of the model.
        /// </summary>
        /// <remarks>
        /// Fast and Best then train at a lower rate, leave the stem and the first stage as they are (<see cref="FrozenStages"/>), normalise
        /// with the running statistics that the weights came with, clip gradients that are unusually large, and divide features by a number
        /// that makes their mean square 1: what the network computes is the same, and learning rates mean the same whoever trained the
        /// weights.
        /// </remarks>
        public InitialWeights? InitialWeights { get; set; }

        /// <summary>
        /// Leaves the first layers as they are, with their running statistics: 0 the stem, 1 to 4 the stem and so many stages (all of them,
        /// 4 or 3: only the linear layer is trained), -1 nothing: the whole network is trained.
        /// For use with <see cref="StartFrom"/> or <see cref="InitialWeights"/>. Null leaves it to the recipe (1 with
        /// <see cref="InitialWeights"/>, or a model to start from that began with such, and Fast or Best; else everything is trained).
        /// </summary>
        /// <remarks>
        /// Where only the linear layer is trained and images are not changed at random (<see cref="Augmentation"/>), what that layer sees
        /// is computed once and kept, within <see cref="MemoryBudget"/>: each epoch is then a matter of milliseconds.
        /// </remarks>
        public int? FrozenStages { get; set; }

        /// <summary>
        /// Whether training normalises with the running statistics that the weights came with, and leaves them as they are, instead of
        /// with each batch's own: better with few images. For use with <see cref="StartFrom"/> or <see cref="InitialWeights"/>.
        /// Null leaves it to the recipe (true with <see
        /// cref="InitialWeights"/>, or a model to start from that began with such, and Fast or Best; else false).
        /// </summary>
        public bool? FrozenStatistics { get; set; }

        /// <summary>
        /// What the learning rate of the layers before the linear one is multiplied by: below 1, weights that are good already change less
        /// than a linear layer that is new (discriminative learning rates; Howard and Ruder, 2018). Positive; null leaves it to the recipe
        /// (1).
        /// </summary>
        public double? BodyLearningRateMultiplier { get; set; }
    }
}
