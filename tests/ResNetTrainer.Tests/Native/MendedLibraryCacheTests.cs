using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using ResNetMLNet.Native;

namespace ResNetMLNet.Tests.Native;

[TestClass]
[OSCondition(OperatingSystems.Linux)]
[SupportedOSPlatform("linux")]
public sealed class MendedLibraryCacheTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly byte[] _content = [.. Enumerable.Range(0, 1 << 20).Select(i => (byte)(i * 7))];

    private readonly string _root = Directory.CreateTempSubdirectory("MendedLibraryCacheTests").FullName;

    private string Folder => Path.Combine(_root, "a", "b");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [TestMethod]
    public void The_file_and_its_folder_are_for_the_user_only()
    {
        var path = Store();

        Assert.AreSequenceEqual(_content, File.ReadAllBytes(path));
        Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.AreEqual(OwnerOnly, File.GetUnixFileMode(Folder));
    }

    [TestMethod]
    public void A_folder_that_others_may_write_to_is_closed()
    {
        Directory.CreateDirectory(Folder);
        File.SetUnixFileMode(Folder, OwnerOnly | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite);

        Store();

        Assert.AreEqual(OwnerOnly, File.GetUnixFileMode(Folder));
    }

    [TestMethod]
    public void An_intact_file_is_used_again()
    {
        var written = File.GetLastWriteTimeUtc(Store());

        Assert.AreEqual(written, File.GetLastWriteTimeUtc(Store()));
    }

    [TestMethod]
    public void Another_content_gets_another_file() =>
        Assert.AreNotEqual(Store(), MendedLibraryCache.Store(Folder, "lib", [1, 2, 3]));

    [TestMethod]
    public void A_truncated_file_is_replaced() => AssertReplaced(path =>
    {
        using var file = File.OpenWrite(path);
        file.SetLength(1000);
    });

    [TestMethod]
    public void A_file_with_one_changed_byte_is_replaced() => AssertReplaced(path =>
    {
        using var file = File.OpenWrite(path);
        file.Position = 5000;
        file.WriteByte(0xff);
    });

    [TestMethod]
    public void A_link_in_place_of_the_file_is_replaced_even_if_it_leads_to_the_right_content()
    {
        var path = Store();
        var elsewhere = Path.Combine(_root, "elsewhere");
        File.Move(path, elsewhere);
        File.CreateSymbolicLink(path, elsewhere);

        Assert.IsNull(new FileInfo(Store()).LinkTarget);
    }

    [TestMethod]
    public void A_link_in_place_of_the_folder_is_refused()
    {
        var elsewhere = Directory.CreateDirectory(Path.Combine(_root, "elsewhere")).FullName;
        Directory.CreateSymbolicLink(Path.Combine(_root, "a"), elsewhere);

        Assert.ThrowsExactly<IOException>(() => MendedLibraryCache.Store(Path.Combine(_root, "a"), "lib", _content));
    }

    [TestMethod]
    public void Many_at_once_get_the_same_whole_file_and_leave_nothing_else()
    {
        var paths = new string[16];
        using var start = new Barrier(paths.Length);
        var threads = Enumerable.Range(0, paths.Length).Select(i => new Thread(() =>
        {
            start.SignalAndWait();
            paths[i] = Store();
            Assert.AreSequenceEqual(_content, File.ReadAllBytes(paths[i]));
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.HasCount(1, paths.Distinct());
        Assert.AreSequenceEqual([paths[0]], Directory.GetFiles(Folder));
    }

    [TestMethod]
    public void A_folder_that_cannot_be_written_is_passed_over()
    {
        TorchRuntime.EnsureLoaded();
        var mended = ElfMender.Mend(File.ReadAllBytes(
            Directory.EnumerateFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories).First()));

        var library = new MendedLibraryCache([Unwritable(), Folder]).Load("lib", mended);

        Assert.IsTrue(NativeLibrary.TryGetExport(library, "THSTensor_ones", out _));
        Assert.HasCount(1, Directory.GetFiles(Folder));
    }

    [TestMethod]
    public void A_folder_that_cannot_be_loaded_from_is_passed_over_too()
    {
        // What is no library cannot be loaded from anywhere, as nothing can from a folder mounted noexec.
        var failure = Assert.ThrowsExactly<AggregateException>(
            () => new MendedLibraryCache([Unwritable(), Folder]).Load("lib", _content));

        Assert.IsInstanceOfType<IOException>(failure.InnerExceptions[0]);
        Assert.IsInstanceOfType<DllNotFoundException>(failure.InnerExceptions[1]);
    }

    [TestMethod]
    [DoNotParallelize]
    [DataRow("/some/cache", "/some/cache/ResNetMLNet")]
    [DataRow("relative", null)]
    [DataRow(null, null)]
    public void The_first_folder_follows_the_XDG_rules(string? cacheHome, string? expected)
    {
        var before = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        try
        {
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", cacheHome);
            expected ??= Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "ResNetMLNet");

            var folders = MendedLibraryCache.ForCurrentUser().Folders;

            Assert.AreEqual(expected, folders[0]);
            Assert.StartsWith(Path.GetTempPath(), folders[^1]);
        }
        finally
        {
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", before);
        }
    }

    private string Store() => MendedLibraryCache.Store(Folder, "lib", _content);

    private void AssertReplaced(Action<string> damage)
    {
        damage(Store());

        Assert.AreSequenceEqual(_content, File.ReadAllBytes(Store()));
    }

    // Permissions would not do: tests may be run by root.
    private string Unwritable()
    {
        var file = Path.Combine(_root, "file");
        File.WriteAllText(file, "");
        return Path.Combine(file, "folder");
    }
}
