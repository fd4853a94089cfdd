using ResNetMLNet.Data.Loading;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Data;

/// <summary>What paths lead to.</summary>
[TestClass]
public sealed class LinkTests : IDisposable
{
    private readonly ImageFolderFixture _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void A_link_that_leads_nowhere_or_in_a_circle_leads_to_no_folder()
    {
        Directory.CreateDirectory(_folder.In("there/x"));
        SymbolicLinks.ToFolder(_folder.In("good"), "there");
        SymbolicLinks.ToFolder(_folder.In("dead"), "gone");
        SymbolicLinks.ToFolder(_folder.In("self"), "self");
        SymbolicLinks.ToFolder(_folder.In("one"), "other");
        SymbolicLinks.ToFolder(_folder.In("other"), "one");
        bool Leads(string name) => RealPath.Leads(new(_folder.In(name)));

        Assert.IsTrue(Leads("good"));
        Assert.IsTrue(Leads("there"));
        foreach (var name in (string[])["dead", "self", "one", "other"])
        {
            Assert.IsFalse(Leads(name), name);
        }

        // It ends.
        Assert.IsNotNull(RealPath.Of(_folder.In("self")));
        Assert.IsNotNull(RealPath.Of(_folder.In("one")));
        Assert.AreEqual(RealPath.Of(_folder.In("there/x")), RealPath.Of(_folder.In("good/x")));
    }

    [TestMethod]
    public void Empty_files_are_told_from_pipes()
    {
        _folder.Add("full.png");
        _folder.Add("empty.png", []);
        SymbolicLinks.ToFile(_folder.In("link.png"), "empty.png");
        SymbolicLinks.ToFile(_folder.In("dead.png"), "gone.png");
        FileType Of(string name) => FileTypes.Of(_folder.In(name));

        Assert.AreEqual(FileType.Regular, Of("full.png"));
        Assert.AreEqual(FileType.Regular, Of("empty.png"));
        Assert.AreEqual(FileType.Regular, Of("link.png"));
        SymbolicLinks.ToFile(_folder.In("self.png"), "self.png");
        Assert.AreEqual(FileType.Missing, Of("dead.png"));
        Assert.AreEqual(FileType.Missing, Of("self.png"));
        Assert.AreEqual(FileType.Missing, Of("gone.png"));
        if (!OperatingSystem.IsWindows())
        {
            _folder.AddPipe("pipe.png");
            SymbolicLinks.ToFile(_folder.In("endless.png"), "/dev/zero");
            Assert.AreEqual(FileType.Special, Of("pipe.png"));
            Assert.AreEqual(FileType.Special, Of("endless.png"));
        }
    }
}
