using System.CommandLine;
using System.Globalization;
using ResNetMLNet.Training;
using ResNetMLNet.Training.Augmenting;
using ResNetMLNet.Training.Optimizing;

namespace ResNetMLNet.Benchmarks.Experiments;

/// <summary>A switch for each ingredient of a training that can differ from the recipe's.</summary>
internal sealed class Ingredients
{
    private const string Numbers = nameof(TrainingPlan.AugmentationNumbers) + ".";

    private readonly Option<int?> _batch = new("--batch-size");
    private readonly Option<double?> _rate = new("--learning-rate");
    private readonly Option<double?> _decay = new("--weight-decay");
    private readonly Option<double?> _warmup = new("--warmup") { Description = "The share of all steps in which the learning rate rises." };
    private readonly Option<bool> _cosine = new("--cosine") { Description = "Cosine decay of the learning rate." };
    private readonly Option<double?> _smoothing = new("--smoothing") { Description = "Label smoothing." };
    private readonly Option<double?> _average = new("--average") { Description = "Averages the weights with this decay (0.999, say)." };
    private readonly Option<Augmentation?> _augmentation = new("--augmentation")
    {
        Description = "None, or of Flip, Shift, Erase, Crop, RandomErasing, RandomResizedCrop, Mixup, CutMix: "
            + "\"Flip, Crop, RandomErasing\".",
    };

    private readonly Option<bool> _alternate = new("--alternate") { Description = "Flips in turn, not by a coin." };
    private readonly Option<bool> _reflect = new("--reflect") { Description = "Shifts show the mirrored image beyond its edges." };
    private readonly Option<double?> _shift = new("--shift") { Description = "The largest shift, as a share of the side (0.125)." };
    private readonly Option<double?> _erase = new("--erase") { Description = "The probability of erasing." };
    private readonly Option<double?> _eraseMost = new("--erase-most") { Description = "The most that is erased, as a share of the area." };
    private readonly Option<bool?> _noise = new("--noise") { Description = "Erased parts: true for noise, false for black." };
    private readonly Option<string[]> _set = new("--set")
    {
        Description = "Others, as name=value, or name= for none: the properties of TrainingPlan, and those of AugmentationPlan as "
            + $"{Numbers}name=value.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
    };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])
        [
            _batch, _rate, _decay, _warmup, _cosine, _smoothing, _average, _augmentation, _alternate, _reflect, _shift, _erase, _eraseMost,
            _noise, _set,
        ])
        {
            command.Add(option);
        }
    }

    /// <summary>Sets what users can set.</summary>
    public void Apply(ResNetTrainer.Options options, ParseResult parsed)
    {
        options.BatchSize = parsed.GetValue(_batch);
        options.LearningRate = parsed.GetValue(_rate);
        options.Augmentation = parsed.GetValue(_augmentation);
        options.Ablation = plan => Change(plan, parsed);
    }

    private TrainingPlan Change(TrainingPlan plan, ParseResult parsed)
    {
        plan = plan with
        {
            WeightDecay = parsed.GetValue(_decay) ?? plan.WeightDecay,
            Warmup = parsed.GetValue(_warmup) ?? plan.Warmup,
            Decay = parsed.GetValue(_cosine) ? LearningRateDecay.Cosine : null,
            LabelSmoothing = parsed.GetValue(_smoothing) ?? plan.LabelSmoothing,
            AveragingDecay = parsed.GetValue(_average),
        };
        var usual = plan.ToAugmentation();
        var numbers = usual with
        {
            Flip = parsed.GetValue(_alternate) ? FlipKind.Alternating : usual.Flip,
            Reflects = parsed.GetValue(_reflect),
            Shift = parsed.GetValue(_shift) ?? usual.Shift,
            EraseProbability = parsed.GetValue(_erase) ?? usual.EraseProbability,
            EraseMost = parsed.GetValue(_eraseMost) ?? usual.EraseMost,
            ErasesWithNoise = parsed.GetValue(_noise) ?? usual.ErasesWithNoise,
        };
        plan = plan with { AugmentationNumbers = numbers };
        foreach (var (name, value) in parsed.GetValue(_set)!.Select(Parse))
        {
            if (name.StartsWith(Numbers, StringComparison.Ordinal))
            {
                plan = plan with { AugmentationNumbers = plan.AugmentationNumbers! with { } };
                Set(plan.AugmentationNumbers!, name[Numbers.Length..], value);
            }
            else
            {
                plan = plan with { };
                Set(plan, name, value);
            }
        }

        Console.Error.WriteLine($"{plan}");
        return plan;
    }

    private static (string Name, string Value) Parse(string change) => change.Split('=') is [var name, var value] ? (name, value)
        : throw new ArgumentException($"'{change}' is not name=value.");

    private static void Set(object of, string name, string text)
    {
        var property = of.GetType().GetProperty(name) ?? throw new ArgumentException($"{of.GetType().Name} has no '{name}'.");
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        property.SetValue(of, text.Length == 0 ? null
            : type.IsEnum ? Enum.Parse(type, text)
            : Convert.ChangeType(text, type, CultureInfo.InvariantCulture));
    }
}
