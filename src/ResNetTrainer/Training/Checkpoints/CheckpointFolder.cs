using Microsoft.ML.Runtime;
using ResNetMLNet.Formats;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Training.Checkpoints;

/// <summary>
/// The checkpoints of one training, of which the newest few are kept. They are written in the background: training goes on meanwhile, and a
/// disk that fails does not end it.
/// </summary>
internal sealed class CheckpointFolder : IDisposable
{
    private readonly IHost _host;
    private readonly IChannel _channel;
    private readonly string _path;
    private readonly int _kept;
    private readonly FolderLock _lock;
    private readonly List<string> _problems = [];

    // Damaged, or of another number of processes, whose steps have other numbers.
    private readonly HashSet<string> _leftBehind = [];

    // Of the checkpoints to go on from, those that have not been read yet, and the newest that has.
    private readonly Queue<string> _unread = [];
    private (string File, Checkpoint Checkpoint, IReadOnlyDictionary<string, string> Identity)? _newest;
    private IReadOnlyDictionary<string, string> _identity = new Dictionary<string, string>();
    private (string File, Task Task)? _writing;
    private string? _last;

    private CheckpointFolder(IHost host, IChannel channel, CheckpointOptions options)
    {
        (_host, _channel, _path, _kept) = (host, channel, Path.GetFullPath(options.Directory), options.Kept);
        try
        {
            Directory.CreateDirectory(_path);
            _lock = FolderLock.Take(host, _path);
            foreach (var stray in Directory.EnumerateFiles(_path, $"{CheckpointName.Pattern}.*{AtomicFile.Temporary}"))
            {
                // Left behind by a process that was killed while it wrote.
                File.Delete(stray);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _lock?.Dispose();
            throw _host.Error(e, $"The checkpoint folder '{_path}' cannot be used: {e.Message} Choose another Checkpoints.Directory.");
        }
    }

    /// <summary>What the newest checkpoint says of its training; null where there is none.</summary>
    public IReadOnlyDictionary<string, string>? Words => _newest?.Identity;

    /// <summary>Opens a folder, which is made where it does not exist, and keeps other trainings out of it until it is disposed.</summary>
    /// <param name="host">The trainer.</param>
    /// <param name="channel">Is told what is found and what goes wrong.</param>
    /// <param name="options">Where, how many, and whether to look for checkpoints to go on from; without that, their being there is an
    /// error.</param>
    /// <exception cref="InvalidOperationException">The folder cannot be used, is in use, has checkpoints that nobody wants to go on
    /// from, or damaged ones only.</exception>
    public static CheckpointFolder Open(IHost host, IChannel channel, CheckpointOptions options)
    {
        var folder = new CheckpointFolder(host, channel, options);
        try
        {
            folder.Find(options.Resume);
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Lets a training go on from the newest checkpoint that it can go on from; there may be none.</summary>
    /// <param name="state">The training, before its first step.</param>
    /// <param name="identity">What it is; the checkpoints to be written are marked with it.</param>
    /// <param name="steps">The steps of an epoch.</param>
    /// <exception cref="InvalidOperationException">The checkpoint is of another training, and the message says in what it differs; or
    /// all are damaged.</exception>
    public void Restore(TrainingState state, IReadOnlyDictionary<string, string> identity, long steps)
    {
        _identity = identity;
        while (_newest is var (file, written, words))
        {
            CheckIdentity(file, words);

            // What an earlier version did not know of stays unsaid: by that the next resuming knows the training again.
            _identity = identity.Where(word => word.Value.Length > 0 || words.ContainsKey(word.Key)).ToDictionary();
            var checkpoint = ForAsManyProcesses(written, words, steps);
            if (CheckpointCheck.Problem(checkpoint, state, steps) is not { } problem)
            {
                _channel.Log($"going on from the checkpoint '{file}'");
                state.Restore(checkpoint);

                // It is as large as the network.
                _newest = null;
                return;
            }

            PassOver(file, problem, isDamaged: true);
            ReadNext();
        }
    }

    /// <summary>
    /// Writes a checkpoint, unless there is one of this moment, and deletes those that are not kept. Returns before that is done.
    /// </summary>
    public void Write(TrainingState state)
    {
        Flush();
        var file = Path.Combine(_path, new CheckpointName(state.Epoch, state.Step).ToString());
        if (file == _last)
        {
            return;
        }

        // In the place of a damaged one, perhaps.
        _leftBehind.Remove(file);
        var checkpoint = state.Save();
        _writing = (file, Task.Run(() =>
        {
            CheckpointFile.Write(file, checkpoint, _identity);
            DeleteOthers(file);
        }));
    }

    // Old ones, and those that this training has left behind. A later one that could not be read for the moment stays, and so does one that
    // somebody has open: the new one is written, and the next may take it away.
    private void DeleteOthers(string written)
    {
        var files = Files();
        foreach (var old in files.Intersect(_leftBehind).Concat(files.Except(_leftBehind).SkipWhile(file => file != written).Skip(_kept)))
        {
            try
            {
                File.Delete(old);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
            }
        }
    }

    /// <summary>Waits until what was given to be written is on the disk.</summary>
    /// <returns>Whether it is.</returns>
    public bool Flush()
    {
        if (_writing is not var (file, task))
        {
            return true;
        }

        _writing = null;
        try
        {
            task.GetAwaiter().GetResult();
            _last = file;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _channel.Warn($"The checkpoint '{file}' could not be written: {e.Message} Training goes on; make room or give the "
                + "right to write to the folder.");
            return false;
        }
    }

    public void Dispose() => _lock.Dispose();

    private void Find(bool resume)
    {
        var files = Files();
        if (files.Length > 0 && !resume)
        {
            throw _host.Error(
                $"The checkpoint folder '{_path}' has the checkpoints of an earlier training. Set Resume = true to go on with it, "
                + "or choose another Checkpoints.Directory, or delete them. (CrossValidate trains several models: without Checkpoints.)");
        }

        Array.ForEach(files, _unread.Enqueue);
        if (!ReadNext() && resume)
        {
            _channel.Log($"no checkpoint in '{_path}' yet: training starts at the beginning");
        }
    }

    // Goes on to the next checkpoint that can be read; false where there never was one.
    private bool ReadNext()
    {
        _newest = null;
        while (_unread.TryDequeue(out var file))
        {
            try
            {
                var (checkpoint, identity) = CheckpointFile.Read(file);
                _newest = (file, checkpoint, identity);
                return true;
            }
            catch (NewerFormatException e)
            {
                throw _host.Error(e, $"The checkpoint '{file}' cannot be read: {e.Message}. Update the package ResNetMLNet.");
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                PassOver(file, e.Message, isDamaged: e is InvalidDataException or EndOfStreamException);
            }
        }

        return _problems.Count == 0 ? false : throw _host.Error(
                $"None of the checkpoints can be used: {string.Join("; ", _problems)}. Start afresh in another Checkpoints.Directory.");
    }

    private void PassOver(string file, string problem, bool isDamaged)
    {
        _ = isDamaged && _leftBehind.Add(file);
        _problems.Add($"'{file}': {problem}");
        _channel.Warn($"The checkpoint '{file}' {(isDamaged ? "is damaged" : "cannot be read")} ({problem}); the one before it is used.");
    }

    private Checkpoint ForAsManyProcesses(Checkpoint checkpoint, IReadOnlyDictionary<string, string> words, long steps)
    {
        if (!CheckpointIdentity.IsOfOtherProcesses(words, _identity))
        {
            return checkpoint;
        }

        _leftBehind.UnionWith(Files());
        _channel.Log("the checkpoint is of another number of processes: training goes on, but not as it would have with that number");
        return checkpoint with { Step = CheckpointIdentity.StepOfAsManyImages(words, _identity, checkpoint.Step, steps) };
    }

    private void CheckIdentity(string file, IReadOnlyDictionary<string, string> words)
    {
        if (CheckpointIdentity.Differences(words, _identity) is { Length: > 0 } differences)
        {
            throw _host.Error(
                $"The checkpoint '{file}' belongs to another training: {string.Join("; ", differences)}. Go on with the same "
                + "data and options, choose another Checkpoints.Directory, or start anew from its weights with StartFrom.");
        }
    }

    // The newest first; files with other names are somebody else's.
    private string[] Files() =>
    [
        .. Directory.EnumerateFiles(_path, CheckpointName.Pattern)
            .Where(file => CheckpointName.Of(file) is not null)
            .OrderByDescending(file => CheckpointName.Of(file)),
    ];
}
