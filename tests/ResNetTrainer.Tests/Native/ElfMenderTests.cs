using System.Buffers.Binary;
using System.Text;
using ResNetMLNet.Native;

namespace ResNetMLNet.Tests.Native;

[TestClass]
public class ElfMenderTests
{
    // The package has the Linux library on every system.
    private static readonly byte[] _original = File.ReadAllBytes(
        Directory.EnumerateFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories).First());

    [TestMethod]
    public void Mending_changes_nothing_but_the_flag_of_the_missing_version()
    {
        var mended = ElfMender.Mend(_original);

        Assert.HasCount(_original.Length, mended);
        var changed = Enumerable.Range(0, mended.Length).Where(i => mended[i] != _original[i]).ToArray();
        Assert.AreSequenceEqual([MissingVersionRecord() + 4], changed);
        Assert.AreEqual(0, _original[changed[0]]);
        Assert.AreEqual(2, mended[changed[0]], "VER_FLG_WEAK");
    }

    [TestMethod]
    public void A_mended_library_is_left_as_it_is()
    {
        var mended = ElfMender.Mend(_original);

        Assert.AreSequenceEqual(mended, ElfMender.Mend(mended));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(4)]
    [DataRow(63)]
    [DataRow(64)]
    [DataRow(1000)]
    [DataRow(500_000)]
    [DataRow(1_900_000)]
    public void A_truncated_library_is_refused(int length) => AssertRefused(_original[..length], "");

    [TestMethod]
    [DataRow(0, "shared library", DisplayName = "magic number")]
    [DataRow(4, "shared library", DisplayName = "32 or 64 bits")]
    [DataRow(5, "shared library", DisplayName = "byte order")]
    [DataRow(16, "shared library", DisplayName = "kind of file")]
    [DataRow(18, "shared library", DisplayName = "processor")]
    public void A_file_of_another_kind_is_refused(int offset, string reason)
    {
        var library = Copy();
        library[offset] ^= 0x55;

        AssertRefused(library, reason);
    }

    [TestMethod]
    public void A_library_that_does_not_need_the_version_is_refused() =>
        AssertRefused(WithString(ElfMender.MissingVersion, "GLIBCXX_3.4.99"), "does not ask for");

    [TestMethod]
    public void A_library_without_the_symbol_is_refused() =>
        AssertRefused(WithString(ElfMender.OnlyUser, "_ZSt21ios_base_library_exitv"), "other symbols");

    [TestMethod]
    public void A_library_that_needs_the_version_for_another_symbol_too_is_refused()
    {
        var library = Copy();
        var versions = Section(".gnu.version");
        library.AsSpan(versions + (2 * Symbol()), 2).CopyTo(library.AsSpan(versions + 2));

        AssertRefused(library, "other symbols");
    }

    [TestMethod]
    public void A_library_that_needs_the_version_for_no_symbol_is_refused()
    {
        var library = Copy();
        BinaryPrimitives.WriteUInt16LittleEndian(library.AsSpan(Section(".gnu.version") + (2 * Symbol())), 1);

        AssertRefused(library, "not among");
    }

    [TestMethod]
    [DataRow(".rela.dyn")]
    [DataRow(".rela.plt")]
    public void A_library_that_uses_the_symbol_is_refused(string relocations)
    {
        var library = Copy();
        BinaryPrimitives.WriteInt32LittleEndian(library.AsSpan(Section(relocations) + (5 * 24) + 12), Symbol());

        AssertRefused(library, "uses");
    }

    [TestMethod]
    public void Damage_to_what_is_read_gives_the_one_exception_or_a_mended_file()
    {
        var random = new Random(1);
        var tables = new[] { 0, 64, Section(".dynamic"), Section(".gnu.hash"), Section(".gnu.version_r") };
        for (var i = 0; i < 300; i++)
        {
            var library = Copy();
            random.NextBytes(library.AsSpan(tables[random.Next(tables.Length)] + random.Next(512), random.Next(1, 9)));
            try
            {
                ElfMender.Mend(library);
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    private static void AssertRefused(byte[] library, string reason)
    {
        var refusal = Assert.ThrowsExactly<InvalidDataException>(() => ElfMender.Mend(library));
        Assert.Contains(reason, refusal.Message);
    }

    private static byte[] Copy() => [.. _original];

    private static byte[] WithString(string old, string replacement)
    {
        var library = Copy();
        var at = library.AsSpan().IndexOf(Encoding.ASCII.GetBytes(old + '\0'));
        Encoding.ASCII.GetBytes(replacement).CopyTo(library, at);
        return library;
    }

    // The tests find their way by the section headers, the mender by the dynamic table: neither can hide the other's error.
    private static int Section(string name)
    {
        var headers = (int)I64(40);
        var names = (int)I64(headers + (64 * I16(62)) + 24);
        for (var header = headers; ; header += 64)
        {
            if (_original.AsSpan(names + I32(header)).StartsWith(Encoding.ASCII.GetBytes(name + '\0')))
            {
                return (int)I64(header + 24);
            }
        }
    }

    private static int Symbol()
    {
        var (symbols, names) = (Section(".dynsym"), Section(".dynstr"));
        var wanted = Encoding.ASCII.GetBytes(ElfMender.OnlyUser + '\0');
        return Enumerable.Range(1, 10_000).First(i => _original.AsSpan(names + I32(symbols + (24 * i))).StartsWith(wanted));
    }

    private static int MissingVersionRecord()
    {
        // A version's record starts with the hash of its name.
        var hash = 0u;
        foreach (var character in ElfMender.MissingVersion)
        {
            hash = (hash << 4) + character;
            hash = (hash ^ ((hash & 0xf0000000) >> 24)) & 0x0fffffff;
        }

        var records = Section(".gnu.version_r");
        return records + _original.AsSpan(records).IndexOf(BitConverter.GetBytes(hash));
    }

    private static int I16(int offset) => BinaryPrimitives.ReadInt16LittleEndian(_original.AsSpan(offset));

    private static int I32(int offset) => BinaryPrimitives.ReadInt32LittleEndian(_original.AsSpan(offset));

    private static long I64(int offset) => BinaryPrimitives.ReadInt64LittleEndian(_original.AsSpan(offset));
}
