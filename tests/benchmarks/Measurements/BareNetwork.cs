using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>
/// The chapter's ResNet-18 as a user of TorchSharp would write it: stock modules, mixed precision by casting at each use.
/// </summary>
internal sealed class BareNetwork : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> _body;
    private readonly Linear _head = Linear(512, 10);

    public BareNetwork(ScalarType precision)
        : base("bare")
    {
        var layers = new List<(string, Module<Tensor, Tensor>)>
        {
            ("conv1", new Cast(Conv2d(1, 64, 7, 2, 3), precision)),
            ("bn1", BatchNorm2d(64)),
            ("relu", ReLU()),
            ("pool", MaxPool2d(3, 2, 1)),
        };
        var width = 64;
        foreach (var outputs in (int[])[64, 128, 256, 512])
        {
            layers.Add(($"block{outputs}a", new Residual(width, outputs, precision)));
            layers.Add(($"block{outputs}b", new Residual(outputs, outputs, precision)));
            width = outputs;
        }

        _body = Sequential(layers);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) =>
        _head.forward(functional.adaptive_avg_pool2d(_body.forward(x), 1).flatten(1).to_type(ScalarType.Float32));

    private sealed class Residual : Module<Tensor, Tensor>
    {
        private readonly Cast _conv1;
        private readonly Cast _conv2;
        private readonly Cast? _conv3;
        private readonly BatchNorm2d _bn1;
        private readonly BatchNorm2d _bn2;

        public Residual(int inputs, int outputs, ScalarType precision)
            : base("residual")
        {
            var stride = inputs == outputs ? 1 : 2;
            _conv1 = new(Conv2d(inputs, outputs, 3, stride, 1), precision);
            _conv2 = new(Conv2d(outputs, outputs, 3, 1, 1), precision);
            _conv3 = inputs == outputs ? null : new(Conv2d(inputs, outputs, 1, stride), precision);
            _bn1 = BatchNorm2d(outputs);
            _bn2 = BatchNorm2d(outputs);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            var y = functional.relu(_bn1.forward(_conv1.forward(x)));
            y = _bn2.forward(_conv2.forward(y));
            return functional.relu(y + (_conv3?.forward(x) ?? x));
        }
    }

    private sealed class Cast : Module<Tensor, Tensor>
    {
        private readonly Conv2d _conv;
        private readonly ScalarType _precision;

        public Cast(Conv2d conv, ScalarType precision)
            : base("cast")
        {
            _conv = conv;
            _precision = precision;
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => _precision == ScalarType.Float32
            ? _conv.forward(x)
            : functional.conv2d(
                x.to_type(_precision),
                _conv.weight.to_type(_precision),
                _conv.bias!.to_type(_precision),
                [_conv.stride[0], _conv.stride[1]],
                _conv.padding is { Length: 2 } padding ? [padding[0], padding[1]] : [0, 0]);
    }
}
