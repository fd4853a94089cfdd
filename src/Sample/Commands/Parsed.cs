using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace ResNetMLNet.Sample.Commands;

/// <summary>Options whose values are read here, so that a wrong one is answered with what may be typed.</summary>
internal static class Parsed
{
    /// <summary>An option that takes a number; null where it is not given.</summary>
    public static Option<T?> Number<T>(string name, string placeholder, string description)
        where T : struct, INumber<T> => new(name)
        {
            HelpName = placeholder,
            Description = description,
            CustomParser = result => T.TryParse(Text(result), CultureInfo.InvariantCulture, out var number)
                ? number
                : Wrong<T?>(result, name, typeof(T) == typeof(int) ? "a whole number" : "a number"),
        };

    /// <summary>An option that takes one of some names, in upper or lower case; the first is the default.</summary>
    public static Option<T> Name<T>(string name, string description, params T[] values)
        where T : struct, Enum => new(name)
        {
            HelpName = string.Join('|', values).ToLowerInvariant(),
            Description = $"{description} Default: {$"{values[0]}".ToLowerInvariant()}.",
            DefaultValueFactory = _ => values[0],
            CustomParser = result => values.Select(value => (T?)value)
                .FirstOrDefault(value => string.Equals($"{value}", Text(result), StringComparison.OrdinalIgnoreCase))
                ?? Wrong<T>(result, name, string.Join(" or ", values).ToLowerInvariant()),
        };

    private static string Text(ArgumentResult result) => result.Tokens is [var token, ..] ? token.Value : "";

    private static T? Wrong<T>(ArgumentResult result, string name, string wanted)
    {
        result.AddError($"{name} is '{Text(result)}', but it must be {wanted}.");
        return default;
    }
}
