using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Training.Checkpoints;

/// <summary>
/// Keeps a second training out of a folder. It is the system that holds the lock, so that it goes with a process that is killed.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    private const string Name = "training.lock";

    private readonly FileStream _file;
    private readonly string _owner;

    private FolderLock(FileStream file, string owner) => (_file, _owner) = (file, owner);

    /// <exception cref="InvalidOperationException">Another training is in the folder; the message says which.</exception>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be written to.</exception>
    public static FolderLock Take(IExceptionContext context, string folder)
    {
        // A file that is locked cannot be read by others: whose it is stands in another one.
        var path = Path.Combine(folder, Name);
        var owner = path + ".owner";
        try
        {
            var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                Options = FileOptions.DeleteOnClose,
            });
            Sign(owner);
            return new(file, owner);
        }
        catch (IOException e) when (IsLocked(e))
        {
            throw context.Error(
                e,
                $"The checkpoint folder '{folder}' is in use by {ReadOwner(owner)}. Wait until that training has ended, or choose another "
                + "Checkpoints.Directory.");
        }
    }

    public void Dispose()
    {
        try
        {
            File.Delete(_owner);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It says nothing without the lock.
        }

        _file.Dispose();
    }

    // How .NET tells a file that is locked: by EAGAIN on Linux and on macOS, and by ERROR_SHARING_VIOLATION.
    private static bool IsLocked(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);

    private static void Sign(string owner)
    {
        try
        {
            File.WriteAllText(owner, $"process {Environment.ProcessId} on {Environment.MachineName}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk: the folder is locked all the same.
        }
    }

    private static string ReadOwner(string owner)
    {
        try
        {
            return File.ReadAllText(owner);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }
}
