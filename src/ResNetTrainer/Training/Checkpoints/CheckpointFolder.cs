using System.Globalization;
using Microsoft.ML.Runtime;
using ResNetMLNet.Formats;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Training.Checkpoints;

/// <summary>
/// The checkpoints of one training, of which the newest few are kept. They are written in the background: training goes on meanwhile, and a
/// disk that fails does not end it.
/// </summary>
internal sealed class CheckpointFolder
{
    private const string Prefix = "checkpoint-";
    private const string Extension = ".safetensors";

    private readonly IHost _host;
    private readonly IChannel _channel;
    private readonly string _path;
    private readonly int _kept;
    private IReadOnlyDictionary<string, string> _identity = new Dictionary<string, string>();
    private (string File, Checkpoint Checkpoint, IReadOnlyDictionary<string, string> Identity)? _newest;
    private (string File, Task Task)? _writing;
    private string? _last;

    private CheckpointFolder(IHost host, IChannel channel, CheckpointOptions options)
    {
        (_host, _channel, _path, _kept) = (host, channel, Path.GetFullPath(options.Directory), options.Kept);
        try
        {
            Directory.CreateDirectory(_path);
            foreach (var stray in Directory.EnumerateFiles(_path, $"{Prefix}*{Extension}.*{AtomicFile.Temporary}"))
            {
                // Left behind by a process that was killed while it wrote.
                File.Delete(stray);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw _host.Error(e, $"The checkpoint folder '{_path}' cannot be used: {e.Message} Choose another Checkpoints.Directory.");
        }
    }

    /// <summary>The seed of the training to go on with; null where there is none.</summary>
    public int? Seed { get; private set; }

    /// <summary>Opens a folder, which is made where it does not exist.</summary>
    /// <param name="host">The trainer.</param>
    /// <param name="channel">Is told what is found and what goes wrong.</param>
    /// <param name="options">Where, how many, and whether to look for checkpoints to go on from; without that, their being there is an error.</param>
    /// <exception cref="InvalidOperationException">The folder cannot be used, has checkpoints that nobody wants to go on from, or damaged ones only.</exception>
    public static CheckpointFolder Open(IHost host, IChannel channel, CheckpointOptions options)
    {
        var folder = new CheckpointFolder(host, channel, options);
        var files = folder.Files();
        if (files.Length > 0 && !options.Resume)
        {
            throw host.Error(
                $"The checkpoint folder '{folder._path}' has the checkpoints of an earlier training. Set Resume = true to go on with it, or choose "
                + "another Checkpoints.Directory, or delete them.");
        }

        if (options.Resume)
        {
            folder._newest = folder.ReadNewest(files);
            folder.Seed = int.TryParse(
                folder._newest?.Identity.GetValueOrDefault(nameof(TrainingPlan.Seed)), CultureInfo.InvariantCulture, out var seed) ? seed : null;
        }

        return folder;
    }

    /// <summary>Hands over the newest checkpoint that is whole, once (it is as large as the network); null where there is none.</summary>
    /// <param name="identity">What this training is; the checkpoints to be written are marked with it.</param>
    /// <exception cref="InvalidOperationException">The checkpoint is of another training; the message says in what it differs.</exception>
    public Checkpoint? TakeNewest(IReadOnlyDictionary<string, string> identity)
    {
        _identity = identity;
        if (_newest is not { } newest)
        {
            return null;
        }

        _newest = null;

        var differences = identity.Keys.Union(newest.Identity.Keys)
            .Select(key => (Key: key, Then: newest.Identity.GetValueOrDefault(key, "none"), Now: identity.GetValueOrDefault(key, "none")))
            .Where(entry => entry.Then != entry.Now)
            .Select(entry => $"{entry.Key} was {entry.Then} and is {entry.Now}")
            .ToArray();
        if (differences.Length > 0)
        {
            throw _host.Error(
                $"The checkpoint '{newest.File}' belongs to another training: {string.Join("; ", differences)}. Go on with the same data and options, "
                + "choose another Checkpoints.Directory, or start anew from its weights with StartFrom.");
        }

        return newest.Checkpoint;
    }

    /// <summary>Writes a checkpoint, unless there is one of this moment, and deletes the oldest ones. Returns before that is done.</summary>
    public void Write(TrainingState state)
    {
        var file = Path.Combine(_path, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{state.Epoch:D4}-{state.Step:D7}{Extension}"));
        if (file == _last)
        {
            return;
        }

        Flush();
        _last = file;
        var checkpoint = state.Save();
        _writing = (file, Task.Run(() =>
        {
            CheckpointFile.Write(file, checkpoint, _identity);
            foreach (var old in Files().Skip(_kept))
            {
                File.Delete(old);
            }
        }));
    }

    /// <summary>Waits until what was given to be written is on the disk.</summary>
    public void Flush()
    {
        if (_writing is not var (file, task))
        {
            return;
        }

        _writing = null;
        try
        {
            task.GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _channel.Warn($"The checkpoint '{file}' could not be written: {e.Message} Training goes on; make room or give the right to write to the folder.");
        }
    }

    private (string, Checkpoint, IReadOnlyDictionary<string, string>)? ReadNewest(string[] files)
    {
        var problems = new List<string>();
        foreach (var file in files)
        {
            try
            {
                var (checkpoint, identity) = CheckpointFile.Read(file);
                _channel.Log($"going on from the checkpoint '{file}'");
                return (file, checkpoint, identity);
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                problems.Add($"'{file}': {e.Message}");
                _channel.Warn($"The checkpoint '{file}' is damaged ({e.Message}); the one before it is used.");
            }
        }

        if (problems.Count > 0)
        {
            throw _host.Error($"None of the checkpoints can be read: {string.Join("; ", problems)}. Delete them to start afresh.");
        }

        _channel.Log($"no checkpoint in '{_path}' yet: training starts at the beginning");
        return null;
    }

    // The newest first: names have numbers of fixed length.
    private string[] Files() => [.. Directory.EnumerateFiles(_path, $"{Prefix}*{Extension}").OrderByDescending(file => file, StringComparer.Ordinal)];
}
