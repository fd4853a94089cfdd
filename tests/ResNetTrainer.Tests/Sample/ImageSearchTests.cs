using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using ResNetMLNet.Sample.Commands;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>What predict and explain take for the images of a folder.</summary>
[TestClass]
public sealed class ImageSearchTests : IDisposable
{
    private readonly ImageFolderFixture _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void It_is_what_a_training_takes_for_them()
    {
        string[] images =
        [
            ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".bmp", ".dib", ".gif", ".webp", ".ico", ".CUR",
        ];
        foreach (var ending in (string[])[.. images, ".heic", ".tif", ".svg", ".txt", ""])
        {
            _folder.Add($"bee/image{ending}", [0]);
        }

        foreach (var name in (string[])
        [
            "__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "RECYCLER", "System Volume Information", "lost+found", ".hidden", "usual",
        ])
        {
            _folder.Add($"bee/{name}/image.png", [0]);
        }

        var trained = _folder.Context.Data.LoadFromImageFolder(_folder.Path).GetColumn<string>("ImagePath").ToArray();
        var search = new ImageSearch(_folder.Path);

        Assert.HasCount(images.Length + 1, search.Images);
        CollectionAssert.AreEquivalent(trained, search.Images.ToArray());
        Assert.AreEqual("1 .heic, 1 .svg, 1 .tif, 1 .txt, 1 without an ending", search.LeftOut);
    }

    // Root may read everything, so a test that runs as root reads as another user, on this thread only.
    [TestMethod]
    public void A_folder_that_may_not_be_read_is_named()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("Another user can be played on Linux only.");
            return;
        }

        _folder.Add("bee/closed/image.png", [0]);
        var closed = Path.Combine(_folder.Path, "bee", "closed");
        File.SetUnixFileMode(closed, UnixFileMode.None);
        File.SetUnixFileMode(_folder.Root, (UnixFileMode)0x1ed);
        var before = SetFileUser(65534);
        try
        {
            var error = Assert.ThrowsExactly<UnauthorizedAccessException>(() => new ImageSearch(_folder.Path));

            Assert.Contains($"The folder '{closed}' may not be read", error.Message);
        }
        finally
        {
            SetFileUser((uint)before);
            File.SetUnixFileMode(closed, (UnixFileMode)0x1ed);
        }
    }

    [DllImport("libc", EntryPoint = "setfsuid")]
    private static extern int SetFileUser(uint user);
}
