namespace ResNetMLNet;

// How a training runs: on what, until when, and who is told.
public sealed partial class ResNetTrainer
{
    public sealed partial class Options
    {
        /// <summary>Checkpoints, from which training goes on exactly; null: none are written.</summary>
        public CheckpointOptions? Checkpoints { get; set; }

        /// <summary>
        /// Called after each epoch, on the thread that trains. What it throws ends training and comes out of <c>Fit</c>; the checkpoint
        /// of the epoch is kept.
        /// </summary>
        public Action<EpochMetrics>? EpochCallback { get; set; }

        /// <summary>
        /// Called while images are read, about ten times a second, and after each step, on the thread that trains: for a progress bar. What
        /// it throws ends training and comes out of <c>Fit</c>.
        /// </summary>
        public Action<TrainingProgress>? ProgressCallback { get; set; }

        /// <summary>The seed of weights, order and augmentation; null takes the context's, or draws one where that has none.</summary>
        public int? Seed { get; set; }

        /// <summary>
        /// The bytes of memory that the images may take, training and validation together; more are read again each epoch. Null: half
        /// of the machine's memory, rounded down; where that cannot be had either, they are read again too, and a warning says so.
        /// </summary>
        public long? MemoryBudget { get; set; }

        /// <summary>
        /// The threads that libtorch computes with on the CPU while <c>Fit</c> runs. Null: by measurement, as many as .NET has processors
        /// (which honours a container's quota), no more than libtorch would take (<c>OMP_NUM_THREADS</c>), and on Linux fewer while other
        /// programs want the processors too; the log says so. Another number sums in another order, so that the last bits differ: set a
        /// number where they must not.
        /// </summary>
        public int? Threads { get; set; }

        /// <summary>
        /// Whether the process trains together with the others that <c>mpirun</c> started with it (docs/CLUSTER.md): the same <c>Fit</c> in
        /// each of them gives the same model. <see cref="BatchSize"/> is then each one's. Callbacks are called in the first of them only,
        /// and only that writes checkpoints.
        /// </summary>
        public DistributedTraining Distributed { get; set; }

        /// <summary>
        /// How processes that train together send their gradients to each other. Default: as they are. What is rounded on its way
        /// makes the model a little different.
        /// </summary>
        public GradientCompression GradientCompression { get; set; }

        /// <summary>
        /// Whether processes that train together normalise with the statistics of the whole batch, as one process would, instead of each
        /// with those of its own images. It costs time: two sums over all processes a layer.
        /// </summary>
        public bool SynchronizedNormalization { get; set; }

        /// <summary>Stops training after the step that is under way; a checkpoint is written where there is a folder for it.</summary>
        public CancellationToken CancellationToken { get; set; }

        /// <summary>What <c>Fit</c> does when it is cancelled. Default: it throws an <see cref="OperationCanceledException"/>.</summary>
        public CancellationBehavior OnCancellation { get; set; }
    }
}
