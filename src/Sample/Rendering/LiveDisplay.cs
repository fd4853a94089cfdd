using System.Diagnostics;
using Spectre.Console;

namespace ResNetMLNet.Sample.Rendering;

/// <summary>A table that grows by a line an epoch, and under it a bar for what is under way.</summary>
internal sealed class LiveDisplay(IAnsiConsole console) : TrainingDisplay
{
    // What is done sooner needs no bar.
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);

    private ProgressContext? _bars;
    private ProgressTask? _bar;
    private (TrainingPhase Phase, int Epoch) _at;
    private Stopwatch _watch = new();
    private bool _hasHead;
    private double? _secondsOfEpoch;
    private TimeSpan? _left;

    public override T While<T>(Func<T> training) => console.Progress()
        .AutoClear(true)
        .HideCompleted(true)
        .Columns(
            new TaskDescriptionColumn { Alignment = Justify.Left },
            new ProgressBarColumn { Width = 24 },
            new PercentageColumn(),
            new SpeedColumn(),
            new TimeLeftColumn(() => _left))
        .Start(bars =>
        {
            _bars = bars;
            return training();
        });

    // As wide as the terminal: what is written takes the place of the bar, of which nothing must be left behind it.
    public override void WriteLine(string text) =>
        console.Write(new Grid { Expand = true }.AddColumn(new GridColumn().PadRight(0)).AddRow(new Text(text)));

    // Anything else would be drawn over by the bar.
    public override void Answer(string text) => WriteLine(text);

    // Bars hide the cursor while they move.
    public override void Leave() => console.Cursor.Show();

    public override void Progress(TrainingProgress progress)
    {
        if (_at != (progress.Phase, progress.Epoch))
        {
            End();
            (_at, _watch) = ((progress.Phase, progress.Epoch), Stopwatch.StartNew());
        }

        var waits = progress.Phase is TrainingPhase.Reading or TrainingPhase.ComputingFeatures && _watch.Elapsed < _patience;
        if (_bars is null || waits)
        {
            return;
        }

        _left = LeftAt(progress);
        _bar ??= _bars.AddTask(Describe(progress), maxValue: progress.NumberOfImages ?? double.MaxValue);
        _bar.IsIndeterminate = progress.NumberOfImages is null;
        _bar.Value = progress.Images;
    }

    public override void Epoch(EpochMetrics metrics)
    {
        End();
        _secondsOfEpoch = metrics.Seconds;
        if (!_hasHead)
        {
            WriteLine("  epoch     loss   train acc   test acc   images/s    seconds   learning rate");
            _hasHead = true;
        }

        var epoch = $"{metrics.Epoch}/{metrics.NumberOfEpochs}";
        WriteLine(
            $"{epoch,7}   {metrics.TrainLoss,6:F3}   {metrics.TrainAccuracy,9:F3}   {metrics.ValidationAccuracy,8:F3}   "
            + $"{metrics.ImagesPerSecond,8:F0}   {metrics.Seconds,8:F1}   {metrics.LearningRate,13:G3}");
    }

    private static string Describe(TrainingProgress progress) => progress.Epoch == 0
        ? Name(progress.Phase)
        : $"epoch {progress.Epoch}/{progress.NumberOfEpochs} {Name(progress.Phase)}";

    // Before the first epoch has ended, nobody knows how long they take.
    private TimeSpan? LeftAt(TrainingProgress progress)
    {
        var part = progress.Phase == TrainingPhase.Validating ? 1 : (double)progress.Images / progress.NumberOfImages;
        var epochs = progress.NumberOfEpochs - progress.Epoch + 1 - part;
        return epochs * _secondsOfEpoch is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    private void End()
    {
        if (_bar is { } bar)
        {
            bar.IsIndeterminate = false;
            bar.Value = bar.MaxValue;
            _bar = null;
        }
    }
}
