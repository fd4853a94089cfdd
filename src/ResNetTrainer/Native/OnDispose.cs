namespace ResNetMLNet.Native;

/// <summary>Undoes something, once.</summary>
internal sealed class OnDispose(Action undo) : IDisposable
{
    private Action? _undo = undo;

    public void Dispose() => Interlocked.Exchange(ref _undo, null)?.Invoke();
}
