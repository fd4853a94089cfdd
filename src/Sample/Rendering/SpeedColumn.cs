using Spectre.Console;
using Spectre.Console.Rendering;

namespace ResNetMLNet.Sample.Rendering;

/// <summary>Images a second.</summary>
internal sealed class SpeedColumn : ProgressColumn
{
    // Of the first moment of a bar, Spectre.Console makes any number.
    private const double Most = 1_000_000;

    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
        new Text(task.Speed is < Most and var speed ? $"{speed,6:N0} images/s" : "");

    public override int? GetColumnWidth(RenderOptions options) => 16;
}
