using Microsoft.ML;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Fitting;

/// <summary>The residual network in what users call their model: the transformer itself, or a chain with it somewhere inside.</summary>
internal static class FittedNetwork
{
    /// <exception cref="InvalidOperationException">There is no residual network in it, or more than one.</exception>
    /// <param name="model">Where to look.</param>
    /// <param name="name">What the user knows the model by, at the beginning of a sentence.</param>
    public static ResNetTransformer Find(ITransformer model, string name) => All(model).ToArray() switch
    {
        [var found] => found,
        [] => throw new InvalidOperationException(
            $"{name} must be a ResNetTransformer, or a chain of transformers with one in it, as Model.Load gives it."),
        var several => throw new InvalidOperationException(
            $"{name} has {several.Length} networks in it, and it is not said which is meant: give the ResNetTransformer itself, one of "
            + "((IEnumerable<ITransformer>)model).OfType<ResNetTransformer>()."),
    };

    /// <summary>A model with another network in the place of one.</summary>
    public static ITransformer Replace(ITransformer model, ResNetTransformer before, ResNetTransformer after) => model switch
    {
        ResNetTransformer => model == before ? after : model,
        IEnumerable<ITransformer> chain => Internals.CreateChain(model, [.. chain.Select(step => Replace(step, before, after))]),
        _ => model,
    };

    private static IEnumerable<ResNetTransformer> All(ITransformer transformer) => transformer switch
    {
        ResNetTransformer found => [found],
        IEnumerable<ITransformer> chain => chain.SelectMany(All),
        _ => [],
    };
}
