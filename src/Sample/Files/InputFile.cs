namespace ResNetMLNet.Sample.Files;

/// <summary>Files that a command reads.</summary>
internal static class InputFile
{
    /// <exception cref="FileNotFoundException">It is not there, or a folder; what to do instead ends the message.</exception>
    public static void Require(FileInfo file, string advice)
    {
        if (!file.Exists)
        {
            throw new FileNotFoundException(Directory.Exists(file.FullName)
                ? $"'{file.FullName}' is a folder. {advice}"
                : $"The file '{file.FullName}' does not exist. {advice}");
        }
    }
}
