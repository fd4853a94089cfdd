namespace ResNetMLNet.Network;

/// <summary>
/// The layers of a network, interpreted: <see cref="NetworkPlan.Run"/> says which follows which, an interpreter what each does.
/// </summary>
/// <typeparam name="T">What goes from layer to layer: tensors, names of tensors, shapes.</typeparam>
internal interface ILayers<T>
{
    /// <summary>
    /// Runs a part of the network. Nothing but its output is needed after it: neither its input nor what it made on the way.
    /// </summary>
    /// <param name="name">The name of the part in a summary of the network; null for one that is not listed.</param>
    /// <param name="input">What goes in.</param>
    /// <param name="run">The part.</param>
    T Part(string? name, T input, Func<T, T> run);

    /// <summary>(x - mean) / deviation: channel by channel, or pixel by pixel where there is a mean image, of x's size.</summary>
    T Standardise(PixelStatistics statistics, T x);

    /// <summary>The convolution and the batch normalisation behind it, where the plan has one.</summary>
    T Convolution(ConvolutionPlan convolution, T x);

    /// <summary>A batch normalisation that stands alone; x is needed after it.</summary>
    T Normalise(NormalisationPlan normalisation, T x);

    /// <summary>
    /// The skip path of a block without parameters: the pixels at its stride, and channels of zeros, as many before x's as behind them.
    /// </summary>
    T Pad(BlockPlan block, T x);

    /// <summary>max(x, 0); x is not needed after it.</summary>
    T Relu(T x);

    /// <summary>The sum; x is not needed after it.</summary>
    T Add(T x, T skip);

    /// <summary>Max pooling of 3x3 with stride 2 and padding 1.</summary>
    T MaxPool(T x);

    T GlobalAveragePool(T x);

    T Flatten(T x);

    T Linear(LinearPlan linear, T x);
}
