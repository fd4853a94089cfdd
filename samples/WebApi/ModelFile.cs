namespace WebApi;

/// <summary>
/// The model that requests are answered with. Once a second it looks whether the file has been replaced; the new model takes over
/// between two requests, and those that are under way end with the old one. A file that cannot be loaded changes nothing.
/// </summary>
internal sealed class ModelFile : BackgroundService
{
    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly ILogger<ModelFile> _log;
    private Counted _current;
    private (DateTime Written, long Length) _seen;

    public ModelFile(Settings settings, ILogger<ModelFile> log)
    {
        (_path, _log) = (Path.GetFullPath(settings.Model), log);
        _seen = Look();
        _current = new(new Classifier(_path));
    }

    /// <summary>When the model was loaded.</summary>
    public DateTime Loaded { get; private set; } = DateTime.UtcNow;

    /// <summary>Does something with the present model, which stays until that is done.</summary>
    public T Use<T>(Func<Classifier, T> use)
    {
        Counted current;
        lock (_lock)
        {
            current = _current;
            current.Users++;
        }

        try
        {
            return use(current.Classifier);
        }
        finally
        {
            Return(current);
        }
    }

    public override void Dispose()
    {
        Return(_current);
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var found = Look();
            if (found != _seen && found.Length > 0)
            {
                _seen = found;
                Reload();
            }
        }
    }

    private (DateTime Written, long Length) Look()
    {
        var file = new FileInfo(_path);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }

    private void Reload()
    {
        try
        {
            var (old, next) = (_current, new Counted(new Classifier(_path)));
            lock (_lock)
            {
                _current = next;
            }

            Loaded = DateTime.UtcNow;
            _log.LogInformation("Loaded {Path}", _path);
            Return(old);
        }
        catch (Exception e)
        {
            _log.LogError(e, "{Path} cannot be loaded; the model before it stays.", _path);
        }
    }

    private void Return(Counted counted)
    {
        lock (_lock)
        {
            if (--counted.Users > 0)
            {
                return;
            }
        }

        counted.Classifier.Dispose();
    }

    // The first user is this class itself.
    private sealed class Counted(Classifier classifier)
    {
        public Classifier Classifier => classifier;

        public int Users { get; set; } = 1;
    }
}
