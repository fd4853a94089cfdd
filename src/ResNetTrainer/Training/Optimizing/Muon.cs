using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training.Optimizing;

/// <summary>
/// Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon): momentum whose update is made orthogonal, so that a step
/// changes all directions of a layer alike and not only those of the largest gradients. For the weights of convolutions, each a matrix of
/// outputs by what an output is computed from. Those of one shape take their step together: layers are many and their matrices small.
/// </summary>
/// <remarks>
/// A convolution before a batch normalisation computes the same at any scale of its weights. So they are kept at the root of the number of
/// their outputs (the Frobenius norm of a matrix with orthogonal rows), and the learning rate is about the share of themselves by which
/// they change; there is nothing for weight decay to do (https://github.com/KellerJordan/cifar10-airbench, airbench94_muon.py). A few
/// convolutions have no normalisation behind them: those of the skip paths in the chapter's network, with which this was measured too, and
/// the last one of each block in pre-activation networks. Of these the scale is fixed as well, and the layers around them make up for it.
/// </remarks>
internal sealed class Muon : IDisposable
{
    // Steps and momentum (in Nesterov's form) as airbench has them; a momentum of 0.85 measured the same.
    private const int Steps = 3;
    private static readonly Scalar _momentum = 0.6.ToScalar(), _smallest = 1e-7.ToScalar(), _smallestTrace = 1e-30.ToScalar();

    // A step takes each singular value x to a x + b x^3 + c x^5, which rises steeply at 0 (Jordan et al., 2024).
    private static readonly Scalar _a = 3.4445.ToScalar(), _b = (-4.7750).ToScalar(), _c = 2.0315.ToScalar();

    // Of square matrices with more rows than this, products take much of a step, so that they have its precision; else float32.
    private const int MostRowsInFloat32 = 256;

    private readonly NetworkTensor[] _parameters;

    /// <param name="parameters">Weights of one <see cref="Key"/>.</param>
    public Muon(IEnumerable<NetworkTensor> parameters)
    {
        _parameters = [.. parameters];
        var first = _parameters[0].Master;
        Velocities = zeros([_parameters.Length, .. first.shape], first.dtype, first.device);
    }

    /// <summary>The velocities of the parameters, one after the other; in the dispose scope in which this was made.</summary>
    public Tensor Velocities { get; }

    /// <summary>Whether these weights are trained so: those of convolutions.</summary>
    public static bool Suits(NetworkTensor parameter) => parameter.Plan.Role == TensorRole.ConvolutionWeight;

    /// <summary>Parameters of the same key may take their steps together.</summary>
    public static (string Shape, int Groups) Key(NetworkTensor parameter) =>
        (string.Join(' ', parameter.Master.shape), parameter.Plan.Groups);

    /// <summary>Each parameter with its velocity, which is a view.</summary>
    public IEnumerable<(NetworkTensor Parameter, Tensor Velocity)> Views() =>
        _parameters.Select((parameter, index) => (parameter, Velocities[index]));

    /// <summary>Takes one step down the gradients, all of which must be there.</summary>
    /// <remarks>What it costs is the passes over memory, so that there are few: see <c>bench profile</c>.</remarks>
    /// <param name="learningRate">The change of the weights as a share of themselves.</param>
    public void Step(double learningRate)
    {
        using var scope = NewDisposeScope();
        var (outputs, groups) = (_parameters[0].Master.shape[0], _parameters[0].Plan.Groups);
        using Scalar rate = -learningRate;
        using Scalar size = Math.Sqrt(outputs);
        var gradients = empty_like(Velocities);
        foreach (var (parameter, gradient) in _parameters.Zip(gradients.unbind()))
        {
            gradient.copy_(parameter.Compute.grad!);
        }

        Velocities.mul_(_momentum).add_(gradients, Tensors.One);
        gradients.add_(Velocities, _momentum);
        var matrices = gradients.view(_parameters.Length * groups, outputs / groups, -1);
        var updates = Orthogonalize(matrices, _parameters[0].Compute.dtype).view(Velocities.shape).unbind();
        foreach (var (parameter, update) in _parameters.Zip(updates))
        {
            var weight = parameter.Master;
            weight.mul_(weight.norm().clamp_min_(_smallest).reciprocal_().mul_(size)).add_(update, rate);
        }
    }

    /// <summary>
    /// The matrix with the same singular vectors and all singular values near 1 (0.7 to 1.2), by a Newton-Schulz iteration.
    /// </summary>
    /// <remarks>
    /// The iteration multiplies x from the left by polynomials of x x', which commute. So they are multiplied with each other first: for
    /// the weights of a 3x3 convolution, nine times as wide as they are high, that is half of the work. It begins with x at a Frobenius
    /// norm of 1, so that no singular value is above 1; the norm's square is the trace of x x'. In bfloat16, as in the reference, the
    /// result differs by a few thousandths from that in float32, or by a few hundredths where the matrices of polynomials are large and
    /// rounded too: less than the iteration leaves singular values from 1.
    /// </remarks>
    /// <param name="matrices">Float32 of shape (matrices, rows, columns).</param>
    /// <param name="precision">What products with x itself are computed in, and those of large square matrices.</param>
    public static Tensor Orthogonalize(Tensor matrices, ScalarType precision = ScalarType.Float32)
    {
        var isTall = matrices.shape[1] > matrices.shape[2];
        var x = (isTall ? matrices.transpose(1, 2) : matrices).to_type(precision);
        var gram = x.matmul(x.transpose(1, 2)).to_type(x.shape[1] > MostRowsInFloat32 ? precision : ScalarType.Float32);
        var trace = gram.diagonal(0, 1, 2).to_type(ScalarType.Float32).sum(dim: [1]);
        var scale = trace.clamp_min_(_smallestTrace).reciprocal_().view(-1, 1, 1);
        gram.mul_(scale);
        var product = Polynomial(gram);
        for (var (step, polynomial) = (1, product); step < Steps; step++)
        {
            gram = polynomial.matmul(gram).matmul(polynomial);
            polynomial = Polynomial(gram);
            product = polynomial.matmul(product);
        }

        x = product.mul_(scale.sqrt_()).to_type(precision).matmul(x).to_type(ScalarType.Float32);
        return isTall ? x.transpose(1, 2).contiguous() : x;
    }

    public void Dispose() => Velocities.Dispose();

    // a + b g + c g^2, which times x is the step's polynomial of x.
    private static Tensor Polynomial(Tensor gram)
    {
        var sum = (gram * _b).add_(gram.matmul(gram), _c);
        sum.diagonal(0, 1, 2).add_(_a, Tensors.One);
        return sum;
    }
}
