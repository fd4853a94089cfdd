namespace ResNetMLNet.Tests.Support;

/// <summary>Symbolic links, for which Windows wants a right that not everybody has: where they cannot be made, the test says so.</summary>
internal static class SymbolicLinks
{
    public static void ToFile(string path, string target) => Make(() => File.CreateSymbolicLink(path, target));

    public static void ToFolder(string path, string target) => Make(() => Directory.CreateSymbolicLink(path, target));

    private static void Make(Func<FileSystemInfo> create)
    {
        try
        {
            if (create().LinkTarget is null)
            {
                Assert.Inconclusive("This system has no symbolic links.");
            }
        }
        catch (IOException e) when (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive($"This user may not make symbolic links: {e.Message}");
        }
    }
}
