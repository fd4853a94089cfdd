namespace ResNetMLNet;

/// <summary>How a network is trained: initialisation, optimizer, schedule, augmentation.</summary>
public enum TrainingRecipe
{
    /// <summary>The best accuracy for the time: warm-up and linear decay of the learning rate, Nesterov momentum, weight decay, blocks that start as the identity, flips.</summary>
    Fast,

    /// <summary>
    /// Exactly that of Dive into Deep Learning, 7.6: plain SGD with a constant learning rate of 0.05, batches of 256, 10 epochs,
    /// Xavier initialisation, no augmentation.
    /// </summary>
    Book,
}
