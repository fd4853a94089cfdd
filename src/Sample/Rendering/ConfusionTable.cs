using ResNetMLNet.Sample.Commands;

namespace ResNetMLNet.Sample.Rendering;

/// <summary>An evaluation for people.</summary>
internal static class ConfusionTable
{
    public static void Write(TextWriter output, Evaluation evaluation)
    {
        if (evaluation.Note() is { } note)
        {
            output.WriteLine(note);
        }

        string[] classes = [.. evaluation.Classes.Select(PlainText.OneLine)];
        output.WriteLine(
            $"{evaluation.Images:N0} images   accuracy {evaluation.Accuracy:F4}   macro accuracy {evaluation.MacroAccuracy:F4}   "
            + $"log-loss {evaluation.LogLoss:F4}");
        var width = classes.Max(name => name.Length);
        var cell = Math.Max(5, evaluation.Confusion.Max(row => row.Max()).ToString().Length + 1);
        WriteRow("true \\ predicted".PadRight(width + 4), Enumerable.Range(0, classes.Length).Select(index => (long)index));
        foreach (var (row, index) in evaluation.Confusion.Select((row, index) => (row, index)))
        {
            WriteRow($"{index,2}  {classes[index].PadRight(width)}", row);
        }

        void WriteRow(string head, IEnumerable<long> numbers) =>
            output.WriteLine(head + string.Concat(numbers.Select(number => $"{number}".PadLeft(cell))));
    }
}
