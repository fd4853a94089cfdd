using ResNetMLNet.Data;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training.Augmenting;

/// <summary>
/// Brightness, contrast and saturation of each image by random factors, as torchvision's ColorJitter has them, in this order.
/// </summary>
internal static class ColorJitter
{
    /// <summary>By how much factors differ from 1 at most: usual for photographs.</summary>
    public const double Usual = 0.4;

    /// <summary>What its random numbers are for, beside those of other changes.</summary>
    public const long Purpose = 5;

    private const int Factors = 3;

    private static readonly Scalar _black = 0f.ToScalar();
    private static readonly Scalar _white = 1f.ToScalar();

    // Of red, green and blue, how bright they are to the eye (ITU-R BT.601).
    private static readonly float[] _brightness = [0.299f, 0.587f, 0.114f];

    /// <param name="images">(batch, channels, height, width), bytes or floats in [0, 1].</param>
    /// <param name="strength">By how much factors differ from 1 at most.</param>
    /// <param name="seed">The seed of this batch.</param>
    /// <returns>Floats in [0, 1].</returns>
    public static Tensor Apply(Tensor images, double strength, long seed)
    {
        var random = RandomStream.Create(seed);
        var (count, channels) = ((int)images.shape[0], images.shape[1]);
        var drawn = Enumerable.Range(0, count * Factors).Select(_ => (float)(1 + (((2 * random.NextDouble()) - 1) * strength))).ToArray();
        var factors = tensor(drawn, [count, Factors, 1, 1]).Send(images.device);
        var weights = channels == _brightness.Length ? tensor(_brightness, [1, channels, 1, 1]).Send(images.device) : null;
        var x = Clamp(Resizing.ToFloats(images).mul(factors.narrow(1, 0, 1)));
        x = Clamp(Grey(x, weights).mean([2, 3], keepdim: true).lerp(x, factors.narrow(1, 1, 1)));
        return weights is null ? x : Clamp(Grey(x, weights).lerp(x, factors.narrow(1, 2, 1)));
    }

    private static Tensor Clamp(Tensor x) => x.clamp_(_black, _white);

    private static Tensor Grey(Tensor x, Tensor? weights) =>
        weights is null ? x.mean([1], keepdim: true) : x.mul(weights).sum(1, keepdim: true);
}
