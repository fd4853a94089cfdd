using ResNetMLNet.Formats;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training.Optimizing;

/// <summary>
/// Stochastic gradient descent with Nesterov momentum (Sutskever et al., 2013, in PyTorch's form: v = m v + g;
/// w = w - lr (g + m v)) and weight decay; without momentum it is the plain w = w - lr g. Convolutions may be trained by <see cref="Muon"/>
/// instead.
/// </summary>
internal sealed class Optimizer : IDisposable
{
    private readonly (NetworkTensor Parameter, Tensor? Velocity)[] _parameters;
    private readonly (NetworkTensor Parameter, Tensor? Velocity)[] _bySgd;
    private readonly Muon[] _muons;
    private readonly double _momentum;
    private readonly double _weightDecay;
    private readonly double _bodyMultiplier;
    private readonly double _muonMultiplier;
    private readonly double? _clipping;

    /// <param name="network">What is trained; what of it is frozen must be so by now.</param>
    /// <param name="momentum">Of SGD; 0 for none, and then there is no Muon.</param>
    /// <param name="weightDecay">Of SGD.</param>
    /// <param name="bodyMultiplier">What the learning rate is multiplied by before the linear layer.</param>
    /// <param name="muonMultiplier">What it is multiplied by further for convolutions, to be trained by Muon; null for SGD.</param>
    /// <param name="clipping">The largest norm of all gradients together (Pascanu et al., 2013); null for any.</param>
    public Optimizer(
        TrainableNetwork network,
        double momentum,
        double weightDecay,
        double bodyMultiplier = 1,
        double? muonMultiplier = null,
        double? clipping = null)
    {
        (_momentum, _weightDecay, _bodyMultiplier, _muonMultiplier) = (momentum, weightDecay, bodyMultiplier, muonMultiplier ?? 0);
        _clipping = clipping;

        // Where memory runs out half way, what there is goes with the scope.
        using var scope = NewDisposeScope();
        var byMuon = momentum > 0 && muonMultiplier is not null ? network.Parameters.Where(Muon.Suits) : [];
        _muons = [.. byMuon.GroupBy(Muon.Key).Select(alike => new Muon(alike))];
        var views = _muons.SelectMany(muon => muon.Views()).ToDictionary();
        _parameters =
        [
            .. network.Parameters.Select(parameter =>
                (parameter, views.GetValueOrDefault(parameter) ?? (momentum > 0 ? zeros_like(parameter.Master) : null))),
        ];
        Array.ForEach(_parameters, pair => pair.Velocity?.DetachFromDisposeScope());
        Array.ForEach(_muons, muon => muon.Velocities.DetachFromDisposeScope());
        _bySgd = [.. _parameters.Where(pair => !views.ContainsKey(pair.Parameter))];
    }

    /// <summary>The names and shapes of the velocities; none without momentum.</summary>
    public IEnumerable<(string Name, long[] Shape)> Velocities => _parameters
        .Where(pair => pair.Velocity is not null)
        .Select(pair => (pair.Parameter.Plan.Name, pair.Velocity!.shape));

    /// <summary>Takes a step down the gradients and drops them.</summary>
    /// <param name="learningRate">The linear layer's; the layers before it have that times their multiplier.</param>
    public void Step(double learningRate)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        if (_clipping is { } largest)
        {
            Clip(largest);
        }

        Step(_bySgd.Where(pair => !pair.Parameter.Plan.IsHead), learningRate * _bodyMultiplier);
        Step(_bySgd.Where(pair => pair.Parameter.Plan.IsHead), learningRate);
        Array.ForEach(_muons, muon => muon.Step(learningRate * _bodyMultiplier * _muonMultiplier));
        foreach (var (parameter, _) in _parameters)
        {
            parameter.Compute.grad = null;
            parameter.Refresh();
        }
    }

    /// <summary>The velocities on the host, by the names of their parameters; none without momentum.</summary>
    public NamedTensors Export()
    {
        using var scope = NewDisposeScope();
        var velocities = new NamedTensors();
        foreach (var (parameter, velocity) in _parameters)
        {
            if (velocity is not null)
            {
                velocities.Add(parameter.Plan.Name, velocity.shape, velocity.cpu().data<float>().ToArray());
            }
        }

        return velocities;
    }

    /// <summary>Takes over velocities from the host.</summary>
    public void Import(NamedTensors velocities)
    {
        using var scope = NewDisposeScope();
        foreach (var (parameter, velocity) in _parameters)
        {
            velocity?.copy_(Tensors.Copy(velocities.Tensors[parameter.Plan.Name].Data, velocity.shape, velocity.device));
        }
    }

    public void Dispose()
    {
        foreach (var (_, velocity) in _parameters)
        {
            velocity?.Dispose();
        }

        Array.ForEach(_muons, muon => muon.Dispose());
    }

    // On the device: nothing waits for the norm.
    private void Clip(double largest)
    {
        using Scalar bound = largest, one = 1.0;
        var gradients = _parameters.Select(pair => pair.Parameter.Compute.grad).OfType<Tensor>().ToArray();
        var norm = stack(gradients.Select(gradient => gradient.norm().to_type(ScalarType.Float32))).norm();
        var share = norm.reciprocal_().mul_(bound).clamp_max_(one);
        foreach (var gradient in gradients)
        {
            gradient.mul_(share);
        }
    }

    private void Step(IEnumerable<(NetworkTensor Parameter, Tensor? Velocity)> parameters, double learningRate)
    {
        // Held until the step is done: see Tensors.One.
        using Scalar momentum = _momentum, decay = _weightDecay;
        using Scalar rate = -learningRate, rateOfVelocity = -learningRate * _momentum;
        foreach (var (parameter, velocity) in parameters)
        {
            if (parameter.Compute.grad is not { } gradient)
            {
                continue;
            }

            var weight = parameter.Master;
            if (_weightDecay > 0 && parameter.Plan.IsDecayed)
            {
                gradient = gradient.to_type(ScalarType.Float32).add_(weight, decay);
            }

            if (velocity is not null)
            {
                velocity.mul_(momentum).add_(gradient, Tensors.One);
                weight.add_(velocity, rateOfVelocity);
            }

            weight.add_(gradient, rate);
        }
    }
}
