using System.Globalization;

namespace ResNetMLNet;

/// <summary>A class and how probable it is that an image is of it.</summary>
/// <param name="ClassName">The name of the class.</param>
/// <param name="Probability">In [0, 1]; those of all classes sum to 1.</param>
public readonly record struct ClassProbability(string ClassName, float Probability)
{
    /// <summary>Both in a line, in the invariant culture: <c>daisy 93.1 %</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{ClassName} {100 * Probability:F1} %");
}
