using System.CommandLine;
using System.CommandLine.Parsing;

namespace ResNetMLNet.Sample.Files;

/// <summary>Files that a command writes.</summary>
internal static class WrittenFile
{
    private static readonly StringComparer _comparer =
        OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;

    /// <summary>Refuses to write over what is read, or over what has just been written.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="read">The option of the file that is read.</param>
    /// <param name="usual">That file where the option is not given: while a command line is checked, defaults are not there yet.</param>
    /// <param name="written">Those of the files that are written.</param>
    public static void KeepApart(CommandResult result, Option<FileInfo> read, string usual, params Option<FileInfo?>[] written)
    {
        var source = result.GetResult(read) is null ? new(usual) : result.GetValue(read)!;
        var names = new Dictionary<string, string>(_comparer) { [source.FullName] = read.Name };
        foreach (var option in written)
        {
            if (result.GetValue(option) is { } file && !names.TryAdd(file.FullName, option.Name))
            {
                result.AddError(
                    $"{names[file.FullName]} and {option.Name} are the same file, '{file}': choose another for {option.Name}.");
            }
        }
    }

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

        if (!RegularFile.CanReplace(file))
        {
            throw new IOException($"'{file.FullName}' is a pipe or a device, but {option.Name} takes the name of a file to write.");
        }

        if (file.Directory is not { Exists: true })
        {
            throw new DirectoryNotFoundException(
                $"The folder '{file.DirectoryName ?? file.FullName}' does not exist. Make it, or choose another for {option.Name}.");
        }

        UsableFolder.Open(file.DirectoryName!, option.Name);
        return file;
    }
}
