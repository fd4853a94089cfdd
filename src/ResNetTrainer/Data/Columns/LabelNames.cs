using System.Text;
using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Data.Columns;

/// <summary>The names of classes that a loader is given, and how two sets of classes differ.</summary>
internal static class LabelNames
{
    /// <summary>
    /// A name in the form in which equal letters have equal codes: macOS writes file names in another than people type. As it is, in
    /// programs with InvariantGlobalization.
    /// </summary>
    public static string Normal(string name) => name.Normalize(NormalizationForm.FormC);

    /// <summary>How two sets of data get the same classes.</summary>
    public static string Remedy(string classNames) =>
        $"Give LoadFromImageFolder or LoadFromIdx classNames: {classNames}; map labels of other origin with one MapValueToKey, "
        + "fitted once or with keyData of the class names.";

    /// <exception cref="InvalidOperationException">A name is missing, or there twice.</exception>
    public static void Check(IExceptionContext context, IReadOnlyList<string> names)
    {
        if (names.Count == 0)
        {
            throw context.Error("The argument classNames is empty. Name every class, or leave it out.");
        }

        var numbers = new Dictionary<string, int>();
        for (var number = 0; number < names.Count; number++)
        {
            if (string.IsNullOrWhiteSpace(names[number]))
            {
                var how = names[number] is null ? "null" : "blank";
                throw context.Error($"In the argument classNames, name {number} (from 0) is {how}. Every class needs a name.");
            }

            if (!numbers.TryAdd(Normal(names[number]), number))
            {
                throw context.Error(
                    $"In the argument classNames, '{names[number]}' is there twice, as names {numbers[Normal(names[number])]} and "
                    + $"{number} (from 0): a class has one name of its own.");
            }
        }
    }

    /// <summary>
    /// Where the numbers of two keys do not mean the same classes, in words; null where they do as far as both go: a key that only lacks
    /// the last classes is no different.
    /// </summary>
    /// <param name="expected">The classes that the numbers should mean.</param>
    /// <param name="actual">Those that they do mean.</param>
    /// <param name="whose">Whose the expected ones are, "the model's".</param>
    public static string? Difference(IReadOnlyList<string> expected, IReadOnlyList<string> actual, string whose)
    {
        for (var i = 0; i < Math.Min(expected.Count, actual.Count); i++)
        {
            if (expected[i] != actual[i])
            {
                return $"its key {i + 1} is '{actual[i]}' where {whose} is '{expected[i]}'";
            }
        }

        return actual.Count > expected.Count
            ? $"it has {string.Join(", ", actual.Skip(expected.Count).Take(5).Select(name => $"'{name}'"))}"
                + $"{(actual.Count > expected.Count + 5 ? " and more" : "")} besides {whose} {expected.Count}"
            : null;
    }
}
