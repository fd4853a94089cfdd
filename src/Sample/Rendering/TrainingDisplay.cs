using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace ResNetMLNet.Sample.Rendering;

/// <summary>Shows how a training goes: live on a terminal, in plain lines elsewhere and where NO_COLOR is set.</summary>
internal abstract class TrainingDisplay
{
    private static readonly string[] _sources = [nameof(ResNetTrainer), nameof(ResNetCatalog.LoadFromImageFolder)];

    /// <summary>The one for standard output.</summary>
    public static TrainingDisplay Create() =>
        Terminal.IsThere && DistributedProcess.Count == 1 ? new LiveDisplay(Terminal.Open()) : new PlainDisplay(SteadyWriter.Output());

    /// <summary>Shows a training while it runs.</summary>
    public virtual T While<T>(Func<T> training) => training();

    /// <summary>Shows how far it is.</summary>
    public abstract void Progress(TrainingProgress progress);

    /// <summary>Shows what an epoch came to.</summary>
    public abstract void Epoch(EpochMetrics metrics);

    /// <summary>Answers whoever ends the training, where that is seen.</summary>
    public virtual void Answer(string text) => SteadyWriter.Error().WriteLine(text);

    /// <summary>Leaves the terminal as it was found, for a program that ends at once.</summary>
    public virtual void Leave()
    {
    }

    /// <summary>Writes a line.</summary>
    public abstract void WriteLine(string text);

    /// <summary>What was found in a folder, the trainer's first line, and warnings; the epochs are shown in another way.</summary>
    public void Log(object? sender, LoggingEventArgs message)
    {
        var isNews = message.Kind == ChannelMessageKind.Info
            && _sources.Any(source => message.Source.StartsWith(source, StringComparison.Ordinal))
            && !message.RawMessage.StartsWith("epoch ", StringComparison.Ordinal);
        if (isNews || message.Kind == ChannelMessageKind.Warning)
        {
            WriteLine(PlainText.OneLine(OptionNames.InCommandLine(message.RawMessage)));
        }
    }

    /// <summary>A phase in words.</summary>
    protected static string Name(TrainingPhase phase) => phase switch
    {
        TrainingPhase.Reading => "reading images",
        TrainingPhase.ComputingFeatures => "computing features",
        TrainingPhase.Validating => "testing",
        _ => "training",
    };
}
