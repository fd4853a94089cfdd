using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Data;

/// <summary>What counts as a class and as an image in a folder.</summary>
[TestClass]
public sealed class ImageFolderTests : IDisposable
{
    private readonly ImageFolderFixture _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow(".ipynb_checkpoints")]
    [DataRow(".git")]
    [DataRow("__MACOSX")]
    [DataRow("@eaDir")]
    [DataRow("$RECYCLE.BIN")]
    [DataRow("System Volume Information")]
    [DataRow("lost+found")]
    public void Folders_of_systems_and_tools_are_no_classes_and_their_files_no_images(string name)
    {
        _folder.AddClasses("ant", "bee");
        _folder.Add($"{name}/1.png");
        _folder.Add($"bee/{name}/1.png");

        CollectionAssert.AreEqual((string[])["ant: ant/1.png", "ant: ant/2.png", "bee: bee/1.png", "bee: bee/2.png"], Rows());
        Logged("2 hidden or of the system");
    }

    [TestMethod]
    [DataRow("._1.png")]
    [DataRow(".1.png")]
    [DataRow("Thumbs.db")]
    [DataRow("desktop.ini")]
    [DataRow("ehthumbs.db")]
    public void Files_of_systems_are_no_images(string name)
    {
        _folder.AddClasses("ant", "bee");
        _folder.Add($"bee/{name}");

        CollectionAssert.AreEqual((string[])["ant: ant/1.png", "ant: ant/2.png", "bee: bee/1.png", "bee: bee/2.png"], Rows());
        Logged("1 hidden or of the system");
    }

    [TestMethod]
    [DataRow("jfif")]
    [DataRow("JPE")]
    [DataRow("dib")]
    [DataRow("ico")]
    [DataRow("tif")]
    [DataRow("txt")]
    [DataRow("")]
    public void What_is_an_image_is_one_under_any_name(string ending)
    {
        _folder.AddClasses("ant", "bee");
        _folder.Add(ending.Length == 0 ? "bee/3" : $"bee/3.{ending}");

        Assert.HasCount(5, Rows());
        Assert.HasCount(5, Load().GetColumn<MLImage>("Image").ToArray());
    }

    [TestMethod]
    public void What_is_left_out_is_counted_by_its_ending_in_one_line_and_the_classes_in_another()
    {
        _folder.AddClasses("ant", "bee");
        _folder.Add("bee/3.png");
        _folder.Add("bee/1.txt", "BMX, a bicycle"u8.ToArray());
        _folder.Add("bee/2.TXT", []);
        _folder.Add("ant/README", "GIF or not"u8.ToArray());
        _folder.Add("labels.csv", "1"u8.ToArray());

        Assert.HasCount(5, Rows());
        Logged("5 images of 2 classes: ant 2, bee 3");
        Logged("left out: 1 .csv, 2 .txt, 1 without an ending");
        Assert.AreEqual("", _folder.Warnings);
    }

    [TestMethod]
    public void A_damaged_file_with_the_name_of_an_image_is_not_left_out_in_silence_but_named_when_it_is_read()
    {
        _folder.AddClasses("ant", "bee");
        _folder.Add("bee/3.png", "<html>not found</html>"u8.ToArray());
        _folder.Add("bee/4.jpg", []);

        Assert.HasCount(6, Rows());
        Assert.Contains("3.png", ErrorOf(() => Load().GetColumn<MLImage>("Image").ToArray()));
    }

    [TestMethod]
    public void A_link_to_a_parent_is_no_class_and_no_more_images()
    {
        _folder.AddClasses("ant", "bee");
        Link("bee/up", "..");
        Link("loop", ".");
        Link("bee/above", _folder.Root);
        Link("bee/self", "self");

        CollectionAssert.AreEqual((string[])["ant: ant/1.png", "ant: ant/2.png", "bee: bee/1.png", "bee: bee/2.png"], Rows());
        Logged("3 links to folders that are read already");
    }

    [TestMethod]
    public void A_link_to_another_class_takes_none_of_its_images()
    {
        _folder.AddClasses("bee", "cow");
        Link("ant", "bee");
        Link("bee/more", "../cow");

        CollectionAssert.AreEqual((string[])["bee: bee/1.png", "bee: bee/2.png", "cow: cow/1.png", "cow: cow/2.png"], Rows());
    }

    [TestMethod]
    public void Links_to_folders_and_files_elsewhere_are_followed()
    {
        _folder.AddClasses("bee");
        _folder.Add("../store/ants/1.png");
        _folder.Add("../store/loose/9.png");
        Link("ant", "../store/ants");
        Link("bee/again", "../../store/ants");
        SymbolicLinks.ToFile(_folder.In("bee/9.png"), "../../store/loose/9.png");

        CollectionAssert.AreEqual((string[])["ant: ant/1.png", "bee: bee/1.png", "bee: bee/2.png", "bee: bee/9.png"], Rows());
    }

    // As a Windows zip is unpacked on Linux: "Kühe" in Latin-1.
    [TestMethod]
    [DataRow("")]
    [DataRow("bee")]
    public void A_name_that_is_no_text_is_not_left_out_in_silence(string where)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("Elsewhere names are text.");
        }

        _folder.AddClasses("ant", "bee");
        using var folder = _folder.AddUndecodable(where);

        var message = Assert.ThrowsExactly<InvalidOperationException>(() => Rows()).Message;

        StringAssert.Contains(message, "an entry 'K\uFFFDhe' whose name is not UTF-8");
    }

    [TestMethod]
    public void Nested_folders_belong_to_the_class_that_they_are_in()
    {
        _folder.AddClasses("ant", "bee/2024/spring");

        CollectionAssert.AreEqual(
            (string[])["ant: ant/1.png", "ant: ant/2.png", "bee: bee/2024/spring/1.png", "bee: bee/2024/spring/2.png"], Rows());
    }

    [TestMethod]
    [Timeout(20_000)]
    public void A_pipe_or_a_device_among_the_images_is_left_out_unopened()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("There are no pipes among files.");
        }

        _folder.AddClasses("ant", "bee");
        _folder.AddPipe("bee/3.png");
        _folder.AddPipe("bee/pipe");
        SymbolicLinks.ToFile(_folder.In("bee/endless.png"), "/dev/zero");

        Assert.HasCount(4, Rows());
        Logged("3 pipes or devices");
        Assert.HasCount(4, Load().GetColumn<MLImage>("Image").ToArray());
        Assert.HasCount(4, Load().GetColumn<byte[]>("ImageBytes").ToArray());
    }

    [TestMethod]
    public void An_empty_class_folder_is_a_class_with_a_warning()
    {
        _folder.AddClasses("ant", "cow");
        Directory.CreateDirectory(_folder.In("bee/"));
        _folder.Add("bee/.DS_Store");

        CollectionAssert.AreEqual((string[])["ant: ant/1.png", "ant: ant/2.png", "cow: cow/1.png", "cow: cow/2.png"], Rows());
        Assert.Contains("'bee'", _folder.Warnings);
    }

    [TestMethod]
    public void A_class_folder_without_one_file_that_can_be_read_is_named_in_an_error()
    {
        _folder.AddClasses("ant", "cow");
        _folder.Add("bee/1.tif", "II*\0"u8.ToArray());
        _folder.Add("bee/2.tif", "II*\0"u8.ToArray());

        var error = ErrorOf(() => Load());
        Assert.Contains("'bee'", error);
        Assert.Contains("2 .tif", error);
    }

    [TestMethod]
    public void Images_in_a_format_that_is_not_read_are_warned_of()
    {
        _folder.AddClasses("ant", "bee");
        _folder.Add("bee/3.heic", [0, 0, 0, 24]);
        _folder.Add("bee/4.TIFF", "II*\0"u8.ToArray());

        Assert.HasCount(4, Rows());
        Assert.Contains("1 .heic, 1 .tiff", _folder.Warnings);
    }

    [TestMethod]
    public void Images_that_lie_beside_the_class_folders_are_warned_of()
    {
        _folder.AddClasses("ant", "bee");
        _folder.Add("stray.png");

        Assert.HasCount(4, Rows());
        Assert.Contains("stray.png", _folder.Warnings);
    }

    [TestMethod]
    public void Class_names_that_look_alike_are_warned_of()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("Folders cannot have such names.");
        }

        _folder.AddClasses("ant", "Bee", "bee", "cow", "cow ");

        Assert.HasCount(10, Rows());
        Assert.Contains("'Bee' and 'bee'", _folder.Warnings);
        Assert.Contains("'cow' and 'cow '", _folder.Warnings);
    }

    [TestMethod]
    [DataRow("'Train' and 'valid'", "Train/ant", "Train/bee", "valid/ant")]
    [DataRow("'test' and 'train' and 'val'", "train/ant", "train/bee", "val/bee", "test/bee")]
    public void Splits_that_are_called_so_may_lack_a_class(string names, params string[] folders)
    {
        _folder.AddClasses(folders);
        Rows();

        Assert.Contains($"{names} have sub-folders of the same names", _folder.Warnings);
    }

    [TestMethod]
    [DataRow("train", "test")]
    [DataRow("train/left", "bus/left")]
    [DataRow("train/steam", "test/tube")]
    public void Classes_that_are_called_as_splits_are_no_mistake(params string[] folders)
    {
        _folder.AddClasses(folders);
        Rows();

        Assert.DoesNotContain("sub-folders of the same names", _folder.Warnings);
    }

    [TestMethod]
    public void A_folder_of_splits_is_warned_of()
    {
        _folder.AddClasses("train/ant", "train/bee", "test/ant", "test/bee");

        Assert.HasCount(8, Rows());
        Assert.Contains("'test' and 'train' have sub-folders of the same names", _folder.Warnings);
    }

    [TestMethod]
    public void A_class_that_is_a_link_to_nothing_is_warned_of()
    {
        _folder.AddClasses("ant", "bee");
        Link("cow", "/nowhere/cow");

        Assert.HasCount(4, Rows());
        Assert.Contains("'cow'", _folder.Warnings);
        Assert.Contains("/nowhere/cow", _folder.Warnings);
    }

    [TestMethod]
    public void A_file_instead_of_a_folder() =>
        Assert.Contains("is a file", ErrorOf(() => _folder.Context.Data.LoadFromImageFolder(_folder.Add("1.png"))));

    private static string ErrorOf(Func<object> action) => Assert.Throws<InvalidOperationException>(() => action()).Message;

    private IDataView Load() => _folder.Context.Data.LoadFromImageFolder(_folder.Path);

    private string[] Rows() => _folder.Rows(Load());

    private void Link(string name, string target) => SymbolicLinks.ToFolder(_folder.In(name), target);

    private void Logged(string text) => Assert.IsTrue(
        _folder.Messages.Any(line => line.Contains(text, StringComparison.Ordinal)),
        $"'{text}' is not in: {string.Join('\n', _folder.Messages)}");
}
