using ResNetMLNet.Sample.Scoring;

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

        string[] classes = [.. evaluation.Classes.Select(DrawnText.Short)];
        output.WriteLine(
            $"{evaluation.Images:N0} images   accuracy {evaluation.Accuracy:F4}   macro accuracy {evaluation.MacroAccuracy:F4}   "
            + $"log-loss {evaluation.LogLoss:F4}");
        if (evaluation.Rejected is { } rejected)
        {
            output.WriteLine($"given no class: {rejected}");
        }

        if (classes.Length > Confusion.MostClasses)
        {
            output.WriteLine($"taken for each other most often, of {classes.Length:N0} classes:");
            foreach (var each in Confusion.Most(evaluation, Confusion.MostShown))
            {
                output.WriteLine(PlainText.OneLine($"{each.Images,6:N0}  {each.Share,6:P1} of {each.Truth} taken for {each.Prediction}"));
            }

            return;
        }

        var names = classes.Select((name, index) => $"{index,2}  {name}").Append("true \\ predicted").ToArray();
        var width = names.Max(name => name.Length);
        var cell = Math.Max(5, evaluation.Confusion.Max(row => row.Max()).ToString().Length + 1);
        WriteRow(names[^1], Enumerable.Range(0, classes.Length).Select(index => (long)index));
        foreach (var (name, row) in names.Zip(evaluation.Confusion))
        {
            WriteRow(name, row);
        }

        void WriteRow(string head, IEnumerable<long> numbers) =>
            output.WriteLine(head.PadRight(width) + string.Concat(numbers.Select(number => $"{number}".PadLeft(cell))));
    }
}
