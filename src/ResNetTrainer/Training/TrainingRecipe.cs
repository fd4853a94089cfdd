namespace ResNetMLNet;

/// <summary>How a network is trained: initialisation, optimizer, schedule, augmentation.</summary>
public enum TrainingRecipe
{
    /// <summary>The best accuracy for the time: warm-up and linear decay of the learning rate, Nesterov momentum, weight decay, blocks that start as the identity, flips, and erasing from 16 epochs on.</summary>
    Fast,

    /// <summary>
    /// Exactly that of Dive into Deep Learning, 7.6: plain SGD with a constant learning rate of 0.05, batches of 256, 10 epochs,
    /// Xavier initialisation, no augmentation.
    /// </summary>
    Book,

    /// <summary>
    /// Accuracy before time: as <see cref="Fast"/>, for 50 epochs and with smaller pictures in the first three quarters of training
    /// where the network is large enough for them (progressive resizing).
    /// </summary>
    Best,
}
