namespace ResNetMLNet.Sample;

/// <summary>How the program is called.</summary>
internal static class ProgramName
{
    /// <summary>As an installed tool.</summary>
    public const string Short = "resnet";

    /// <summary>So that what is printed can be typed: as an installed tool, or from its sources.</summary>
    public static string Typed { get; } =
        Path.GetDirectoryName(Environment.ProcessPath) == Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)
            ? "dotnet run -c Release --project src/Sample --"
            : Short;

    /// <summary>A command that can be typed.</summary>
    public static string Command(IEnumerable<string> words) => string.Join(' ', words.Select(Quoted).Prepend(Typed));

    // As the shell takes it for one word, and changes nothing in it.
    private static string Quoted(string word)
    {
        var plain = OperatingSystem.IsWindows() ? @"_./\:=+-" : "_./:=@,+-";
        var isPlain = word.Length > 0 && word.All(letter => char.IsAsciiLetterOrDigit(letter) || plain.Contains(letter));

        // What cmd and PowerShell both take for one word, though each fills in its own variables in it ($ and %). A backslash before the
        // quote would make it part of the word.
        return isPlain ? word
            : OperatingSystem.IsWindows() ? $"\"{(word.EndsWith('\\') ? word + '\\' : word)}\""
            : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";
    }
}
