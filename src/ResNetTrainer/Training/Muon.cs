using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>
/// Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon): momentum whose update is made orthogonal, so that a step
/// changes all directions of a layer alike and not only those of the largest gradients. For the weights of convolutions, each a matrix of
/// outputs by what an output is computed from.
/// </summary>
/// <remarks>
/// A convolution before a batch normalisation computes the same at any scale of its weights. So they are kept at the root of the number of
/// their outputs (the Frobenius norm of a matrix with orthogonal rows), and the learning rate is about the share of themselves by which
/// they change; there is nothing for weight decay to do (https://github.com/KellerJordan/cifar10-airbench, airbench94_muon.py). A few
/// convolutions have no normalisation behind them: those of the skip paths in the chapter's network, with which this was measured too, and
/// the last one of each block in pre-activation networks. Of these the scale is fixed as well, and the layers around them make up for it.
/// </remarks>
internal static class Muon
{
    // Steps and momentum (in Nesterov's form) as airbench has them; a momentum of 0.85 measured the same.
    private const int Steps = 3;
    private static readonly Scalar _momentum = 0.6.ToScalar(), _smallest = 1e-7.ToScalar();

    // A step takes each singular value x to a x + b x^3 + c x^5, which rises steeply at 0 (Jordan et al., 2024).
    private static readonly Scalar _a = 3.4445.ToScalar(), _b = (-4.7750).ToScalar(), _c = 2.0315.ToScalar();

    /// <summary>Whether these weights are trained so: those of convolutions.</summary>
    public static bool Suits(TensorPlan tensor) => tensor.Role == TensorRole.ConvolutionWeight;

    /// <summary>Takes one step.</summary>
    /// <param name="parameter">The weights of a convolution; changed.</param>
    /// <param name="velocity">Their velocity; changed.</param>
    /// <param name="gradient">Their gradient in float32.</param>
    /// <param name="learningRate">The change of the weights as a share of themselves.</param>
    public static void Step(NetworkTensor parameter, Tensor velocity, Tensor gradient, double learningRate)
    {
        using var scope = NewDisposeScope();
        var weight = parameter.Master;
        var (outputs, groups) = (weight.shape[0], parameter.Plan.Groups);
        using Scalar rate = -learningRate;
        using Scalar size = Math.Sqrt(outputs);
        velocity.mul_(_momentum).add_(gradient, Tensors.One);
        var update = Orthogonalize((velocity * _momentum).add_(gradient, Tensors.One).reshape(groups, outputs / groups, -1));
        weight.mul_(weight.norm().clamp_min_(_smallest).reciprocal_().mul_(size));
        weight.add_(update.reshape(weight.shape), rate);
    }

    /// <summary>
    /// The matrix with the same singular vectors and all singular values near 1 (0.7 to 1.2), by a Newton-Schulz iteration.
    /// </summary>
    /// <remarks>
    /// The iteration multiplies x from the left by polynomials of x x', which commute. So they are multiplied with each other first: for
    /// the weights of a 3x3 convolution, nine times as wide as they are high, that is half of the work.
    /// </remarks>
    /// <param name="matrices">Of shape (matrices, rows, columns).</param>
    public static Tensor Orthogonalize(Tensor matrices)
    {
        // At most 1 in each singular value.
        var x = matrices / matrices.flatten(1).norm(1).clamp_min_(_smallest).view(-1, 1, 1);
        var isTall = x.shape[1] > x.shape[2];
        x = isTall ? x.transpose(1, 2) : x;
        var gram = x.matmul(x.transpose(1, 2));
        var product = Polynomial(gram);
        for (var (step, polynomial) = (1, product); step < Steps; step++)
        {
            gram = polynomial.matmul(gram).matmul(polynomial);
            polynomial = Polynomial(gram);
            product = polynomial.matmul(product);
        }

        x = product.matmul(x);
        return isTall ? x.transpose(1, 2) : x;
    }

    // a + b g + c g^2, which times x is the step's polynomial of x.
    private static Tensor Polynomial(Tensor gram)
    {
        var sum = (gram * _b).add_(gram.matmul(gram), _c);
        sum.diagonal(0, 1, 2).add_(_a, Tensors.One);
        return sum;
    }
}
