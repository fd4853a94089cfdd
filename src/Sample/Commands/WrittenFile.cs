using System.CommandLine;

namespace ResNetMLNet.Sample.Commands;

/// <summary>Files that a command writes.</summary>
internal static class WrittenFile
{
    /// <summary>The file of an option; null where the option is not given.</summary>
    /// <exception cref="IOException">It cannot be written there; the message names it and its option.</exception>
    public static FileInfo? Get(ParseResult parsed, Option<FileInfo?> option)
    {
        if (parsed.GetValue(option) is not { } file)
        {
            return null;
        }

        if (Directory.Exists(file.FullName))
        {
            throw new IOException($"'{file.FullName}' is a folder, but {option.Name} takes the name of a file to write.");
        }

        if (!file.Directory!.Exists)
        {
            throw new DirectoryNotFoundException(
                $"The folder '{file.DirectoryName}' does not exist. Make it, or choose another for {option.Name}.");
        }

        return file;
    }
}
