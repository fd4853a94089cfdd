namespace ResNetMLNet.Sample.Rendering;

/// <summary>Names of classes, which may be anything, as text of a page or a chart.</summary>
internal static class DrawnText
{
    private const int Longest = 24;

    /// <summary>In one line, of characters that HTML and XML have.</summary>
    public static string Line(string text)
    {
        var line = PlainText.OneLine(text);
        return string.Concat(line.EnumerateRunes().Select(rune =>
            rune.Value is 0xFFFE or 0xFFFF ? "?" : rune.ToString()));
    }

    /// <summary>The same, cut where it is long.</summary>
    public static string Short(string text)
    {
        var line = Line(text);
        return line.Length <= Longest ? line : string.Concat(line.EnumerateRunes().Take(Longest - 1)) + "…";
    }
}
