using System.Runtime.InteropServices;

namespace ResNetMLNet.Sample;

/// <summary>
/// The system's wishes that the program end, while there is something to keep: Ctrl+C, SIGTERM (a system that shuts down, a job whose
/// time is over) and SIGHUP (a terminal that is closed; nohup still lets it pass). It ends at the next step, and at a second one at
/// once, as it does when nobody listens for them.
/// </summary>
internal sealed class Signals : IDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly PosixSignalRegistration[] _registrations;
    private volatile bool _isClosing;

    public Signals() => _registrations = [.. ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        .Select(signal => PosixSignalRegistration.Create(signal, End))];

    /// <summary>Called when it is asked once more, before it ends at once.</summary>
    public event Action? Forced;

    /// <summary>Cancelled when the program is asked to end.</summary>
    public CancellationToken Ended => _end.Token;

    // The source is left to the garbage collector: a signal may just be on its way. Windows waits with the end of a registration until
    // its handlers have returned, and one that sleeps never does.
    public void Dispose()
    {
        if (!_isClosing)
        {
            Array.ForEach(_registrations, registration => registration.Dispose());
        }
    }

    private void End(PosixSignalContext context)
    {
        // Windows ends a program whose window is closed as soon as this returns, and some seconds after it was called. Until then the
        // model is saved.
        var closes = OperatingSystem.IsWindows() && context.Signal != PosixSignal.SIGINT;
        if (closes)
        {
            _isClosing = true;
        }

        context.Cancel = !_end.IsCancellationRequested;
        if (!context.Cancel)
        {
            Forced?.Invoke();
        }

        _end.Cancel();
        if (closes)
        {
            Thread.Sleep(Timeout.Infinite);
        }
    }
}
