using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Data;

/// <summary>A file that cannot be read is no damaged image: permission and absence have their own words, in both columns.</summary>
[TestClass]
public sealed class UnreadableFileTests : IDisposable
{
    private readonly ImageFolderFixture _folder = new();

    public UnreadableFileTests() => _folder.AddClasses("ant", "bee");

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void A_file_that_is_gone_since_it_was_listed()
    {
        var data = Load();
        File.Delete(_folder.In("bee/2.png"));

        Says(data, "2.png", "is not there any more");
    }

    [TestMethod]
    public void A_folder_that_is_gone_since_it_was_listed()
    {
        var data = Load();
        Directory.Delete(_folder.In("bee/"), recursive: true);

        Says(data, "bee", "is not there any more");
    }

    [TestMethod]
    public void A_link_to_nothing()
    {
        SymbolicLinks.ToFile(_folder.In("bee/3.png"), "/nowhere/3.png");

        Says(Load(), "3.png", "is a link to '/nowhere/3.png'");
    }

    [TestMethod]
    public void A_file_that_may_not_be_read() => Closed("bee/2.png", () => Says(Load(), "2.png", "permission"));

    [TestMethod]
    public void A_folder_that_may_not_be_read() => Closed("bee/", () =>
    {
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Load());
        Assert.Contains("bee", error.Message);
        Assert.Contains("permission", error.Message);
    });

    // Root may read everything, so a test that runs as root reads as another user, on this thread only.
    private void Closed(string file, Action action)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("Another user can be played on Linux only.");
            return;
        }

        File.SetUnixFileMode(_folder.In(file), UnixFileMode.None);
        File.SetUnixFileMode(_folder.Root, (UnixFileMode)0x1ed);
        var before = SetFileUser(65534);
        try
        {
            action();
        }
        finally
        {
            SetFileUser((uint)before);
            File.SetUnixFileMode(_folder.In(file), (UnixFileMode)0x1ed);
        }
    }

    private static void Says(IDataView data, params string[] words)
    {
        Func<object>[] readings = [() => data.GetColumn<MLImage>("Image").ToArray(), () => data.GetColumn<byte[]>("ImageBytes").ToArray()];
        foreach (var read in readings)
        {
            var error = Assert.ThrowsExactly<UnusableImageException>(() => read());
            Assert.Contains(words[0], error.FileName!);
            foreach (var word in words)
            {
                Assert.Contains(word, error.Message);
            }
        }
    }

    private IDataView Load() => _folder.Context.Data.LoadFromImageFolder(_folder.Path);

    [DllImport("libc", EntryPoint = "setfsuid")]
    private static extern int SetFileUser(uint user);
}
