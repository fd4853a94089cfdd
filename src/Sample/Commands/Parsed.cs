using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace ResNetMLNet.Sample.Commands;

/// <summary>Options whose values are read here, so that a wrong one is answered with what may be typed.</summary>
internal static class Parsed
{
    /// <summary>An option that takes a whole number; null where it is not given.</summary>
    public static Option<int?> Integer(
        string name, string placeholder, string description, int least = int.MinValue, int most = int.MaxValue) => new(name)
        {
            HelpName = placeholder,
            Description = description,
            CustomParser = result =>
                int.TryParse(Text(result), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
                && number >= least && number <= most
                    ? number
                    : Wrong<int?>(result, name, $"a whole number{Range(least, most)}"),
        };

    /// <summary>An option that takes a positive number; null where it is not given.</summary>
    public static Option<double?> Positive(string name, string placeholder, string description) =>
        Number(name, placeholder, description, number => number > 0 && double.IsFinite(number), "a positive number, such as 0.05");

    /// <summary>An option that takes a number between 0 and 1, without them; null where it is not given.</summary>
    public static Option<double?> Share(string name, string placeholder, string description) =>
        Number(name, placeholder, description, number => number is > 0 and < 1, "a number between 0 and 1, such as 0.5");

    /// <summary>An option that takes one of some names, in upper or lower case; the first is the default.</summary>
    public static Option<T> Name<T>(string name, string description, params T[] values)
        where T : struct, Enum => new(name)
        {
            HelpName = Choice(values, "|"),
            Description = $"{description} Default: {$"{values[0]}".ToLowerInvariant()}.",
            DefaultValueFactory = _ => values[0],
            CustomParser = result => Find(result, values) ?? Wrong<T>(result, name, Choice(values, " or ")),
        };

    /// <summary>An option that takes one of some names, in upper or lower case; null where it is not given.</summary>
    public static Option<T?> OptionalName<T>(string name, string description, params T[] values)
        where T : struct, Enum => new(name)
        {
            HelpName = Choice(values, "|"),
            Description = description,
            CustomParser = result => Find(result, values) ?? Wrong<T?>(result, name, Choice(values, " or ")),
        };

    /// <summary>An option that takes some of the names of flags, with commas, or that of none; null where it is not given.</summary>
    public static Option<T?> Flags<T>(string name, string placeholder, string description)
        where T : struct, Enum => new(name)
        {
            HelpName = placeholder,
            Description = description,

            // Numbers are no names, though .NET takes them for such, and none is not one of several.
            CustomParser = result => !Text(result).Any(char.IsAsciiDigit) && Enum.TryParse<T>(Text(result), ignoreCase: true, out var flags)
                && (!Text(result).Contains(',') || !Text(result).Contains($"{default(T)}", StringComparison.OrdinalIgnoreCase))
                ? flags
                : Wrong<T?>(result, name, $"some of {Choice(Enum.GetValues<T>(), ", ")}, with commas and without blanks"),
        };

    private static Option<double?> Number(
        string name, string placeholder, string description, Predicate<double> isRight, string wanted) => new(name)
        {
            HelpName = placeholder,
            Description = description,

            // A comma is no point, and none that could be passed over: 0,05 is not 5.
            CustomParser = result =>
                double.TryParse(Text(result), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && isRight(number)
                    ? number
                    : Wrong<double?>(result, name, wanted),
        };

    private static T? Find<T>(ArgumentResult result, T[] values)
        where T : struct, Enum => values.Select(value => (T?)value)
        .FirstOrDefault(value => string.Equals($"{value}", Text(result), StringComparison.OrdinalIgnoreCase));

    private static string Choice<T>(T[] values, string separator) => string.Join(separator, values).ToLowerInvariant();

    public static string Text(ArgumentResult result) => result.Tokens is [var token, ..] ? token.Value : "";

    private static string Range(int least, int most) =>
        least == int.MinValue ? "" : most == int.MaxValue ? $" of at least {least}" : $" between {least} and {most}";

    public static T? Wrong<T>(ArgumentResult result, string name, string wanted)
    {
        result.AddError($"{name} is '{Text(result)}', but it must be {wanted}.");
        return default;
    }
}
