namespace ResNetMLNet.Sample.Files;

/// <summary>
/// Where the results of a training go: into the folder that was asked for or, where that fails when it is too late to choose, into another.
/// </summary>
internal sealed class OutputFolder
{
    private readonly List<string> _moved = [];
    private string? _problem;
    private string? _other;

    private OutputFolder(string folder) => FullName = folder;

    /// <summary>The folder that was asked for.</summary>
    public string FullName { get; }

    /// <summary>Finds out before the training whether the results can be written, and removes what a killed one left of them.</summary>
    /// <exception cref="IOException">They cannot; the message says why.</exception>
    public static OutputFolder Open(string folder, string option, params IReadOnlyCollection<string> names)
    {
        UsableFolder.Open(folder, option);
        foreach (var path in names.Select(name => Path.Combine(folder, name)))
        {
            if (Directory.Exists(path))
            {
                throw new IOException(
                    $"'{path}' is a folder, but a file of this name is to be written. Remove it, or choose another {option}.");
            }
        }

        OutputFile.RemoveAbandoned(folder, names);
        return new(folder);
    }

    /// <summary>Null when all is where it was asked for; else what is where, in a line.</summary>
    public string? Problem => _moved.Count == 0
        ? null
        : PlainText.OneLine($"The folder '{FullName}' could not be written to: {_problem} Saved instead: {PlainText.List(_moved)}.");

    /// <summary>Whether an earlier training left this file.</summary>
    public bool Has(string name) => File.Exists(PathOf(name));

    /// <summary>Where a file of this name is, or would be.</summary>
    public string PathOf(string name) => Path.Combine(FullName, name);

    /// <summary>
    /// Removes files of an earlier training. What cannot be removed stays, and so does all that is beside a model that was not replaced.
    /// </summary>
    public void Remove(params IEnumerable<string> names)
    {
        foreach (var name in _moved.Count == 0 ? names : [])
        {
            try
            {
                File.Delete(PathOf(name));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // What is written next says so.
            }
        }
    }

    /// <summary>Writes a file and returns where it is: with those before it.</summary>
    /// <exception cref="IOException">There is no place left that takes it.</exception>
    public string Write(string name, Action<Stream> write)
    {
        if (_moved.Count == 0)
        {
            var path = PathOf(name);
            try
            {
                OutputFile.Write(path, write);
                return path;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _problem = e.Message;
            }
        }

        try
        {
            _other ??= Directory.CreateTempSubdirectory("resnet-").FullName;
            var other = Path.Combine(_other, name);
            OutputFile.Write(other, write);
            _moved.Add(other);
            return other;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (_other is not null && _moved.Count == 0)
            {
                Directory.Delete(_other);
            }

            var other = _other ?? Path.GetTempPath();
            throw new IOException(
                $"{name} could be written neither to '{FullName}' ({_problem}) nor to '{other}' ({e.Message}). {Problem}".TrimEnd(), e);
        }
    }
}
