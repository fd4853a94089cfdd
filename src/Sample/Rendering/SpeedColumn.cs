using Spectre.Console;
using Spectre.Console.Rendering;

namespace ResNetMLNet.Sample.Rendering;

/// <summary>Images a second.</summary>
internal sealed class SpeedColumn : ProgressColumn
{
    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
        new Text(task.Speed is { } speed ? $"{speed,6:N0} images/s" : "");

    public override int? GetColumnWidth(RenderOptions options) => 15;
}
