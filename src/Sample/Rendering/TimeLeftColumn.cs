using Spectre.Console;
using Spectre.Console.Rendering;

namespace ResNetMLNet.Sample.Rendering;

/// <summary>The time that is left.</summary>
/// <param name="ofAll">That of the whole training; null while nobody knows, then it is that of what the bar shows.</param>
internal sealed class TimeLeftColumn(Func<TimeSpan?> ofAll) : ProgressColumn
{
    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
        new Text((ofAll() ?? task.RemainingTime) is { } left ? $"{(long)left.TotalHours}:{left:mm\\:ss} left" : "");

    public override int? GetColumnWidth(RenderOptions options) => 14;
}
