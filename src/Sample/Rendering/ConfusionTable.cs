using ResNetMLNet.Sample.Commands;

namespace ResNetMLNet.Sample.Rendering;

/// <summary>An evaluation for people.</summary>
internal static class ConfusionTable
{
    public static void Write(TextWriter output, Evaluation evaluation)
    {
        output.WriteLine(
            $"{evaluation.Images:N0} images   accuracy {evaluation.Accuracy:F4}   macro accuracy {evaluation.MacroAccuracy:F4}   log-loss {evaluation.LogLoss:F4}");
        var width = evaluation.Classes.Max(name => name.Length);
        var cell = Math.Max(5, evaluation.Confusion.Max(row => row.Max()).ToString().Length + 1);
        output.WriteLine($"{"true \\ predicted".PadRight(width + 4)}{string.Concat(evaluation.Classes.Select((_, index) => $"{index}".PadLeft(cell)))}");
        foreach (var (row, index) in evaluation.Confusion.Select((row, index) => (row, index)))
        {
            output.WriteLine($"{index,2}  {evaluation.Classes[index].PadRight(width)}{string.Concat(row.Select(count => $"{count}".PadLeft(cell)))}");
        }
    }
}
