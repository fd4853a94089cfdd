namespace ResNetMLNet.Sample;

/// <summary>Text of unknown origin (names of classes and files, messages) for a terminal.</summary>
internal static class PlainText
{
    /// <summary>
    /// In one line: line ends and tabs become spaces; other control characters, which could move the cursor or recolour the terminal,
    /// question marks.
    /// </summary>
    public static string OneLine(string text) =>
        string.Concat(text.ReplaceLineEndings(" ").Replace('\t', ' ').Select(character => char.IsControl(character) ? '?' : character));

    /// <summary>Names in quotes, the first few of them, in one line.</summary>
    public static string List(IReadOnlyCollection<string> names)
    {
        const int Shown = 8;
        var list = string.Join(", ", names.Take(Shown).Select(name => $"'{OneLine(name)}'"));
        return names.Count > Shown ? $"{list} and {names.Count - Shown} more" : list;
    }
}
