using TorchSharp;

namespace ResNetMLNet.Native;

/// <summary>
/// The threads that libtorch computes with. They are set for a while and put back: a program's own use of libtorch keeps its number.
/// </summary>
/// <remarks>
/// libtorch keeps the number for each thread that calls it, and hands the last that was set to threads that call it for the first time.
/// </remarks>
internal static class NativeThreads
{
    private static readonly Lock Gate = new();
    private static int _users;
    private static int _outside;

    [ThreadStatic]
    private static int _usesOfThread;

    /// <summary>Sets the number for what the calling thread does until the result is disposed, on the same thread.</summary>
    /// <param name="count">How many; null for as many as .NET has processors, which honours a container's quota, and libtorch would
    /// take.</param>
    public static IDisposable Use(int? count)
    {
        lock (Gate)
        {
            if (_users++ == 0)
            {
                _outside = torch.get_num_threads();
            }

            // A thread that comes while others have set theirs would see their number.
            var before = _usesOfThread++ == 0 ? _outside : torch.get_num_threads();
            torch.set_num_threads(count ?? Math.Min(Environment.ProcessorCount, _outside));
            return new OnDispose(() => Restore(before));
        }
    }

    private static void Restore(int before)
    {
        lock (Gate)
        {
            _users--;
            _usesOfThread--;
            torch.set_num_threads(before);
        }
    }
}
