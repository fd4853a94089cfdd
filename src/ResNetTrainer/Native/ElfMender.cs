using System.Buffers.Binary;
using System.Text;

namespace ResNetMLNet.Native;

/// <summary>
/// Makes TorchSharp's Linux library loadable where libstdc++ is older than GCC 13's.
/// </summary>
/// <remarks>
/// The library was built with GCC 13, whose <c>&lt;iostream&gt;</c> puts an undefined symbol into every file that
/// includes it, <c>ios_base_library_init</c>, only to make sure that libstdc++ is new enough to initialise the
/// standard streams by itself. Nothing ever calls it, but it carries the version GLIBCXX_3.4.32, and the loader
/// refuses the whole library when libstdc++ lacks that. An older libstdc++ leaves the initialising to the code
/// that uses it, and libtorch, built with an older compiler, does it. So the version may be missing without harm,
/// which ELF can express: a version need marked as weak is not fatal. That one bit is all that changes.
/// </remarks>
internal static class ElfMender
{
    internal const string MissingVersion = "GLIBCXX_3.4.32";
    internal const string OnlyUser = "_ZSt21ios_base_library_initv";

    // Names and numbers of the ELF specification and of the GNU extensions for symbol versions.
    private const int ProgramHeaderSize = 56;
    private const uint SegmentLoad = 1, SegmentDynamic = 2;
    private const ulong TagNull = 0, TagStringTable = 5, TagSymbolTable = 6, TagRela = 7, TagRelaSize = 8,
        TagPltRelaSize = 2, TagPltRela = 23, TagGnuHash = 0x6ffffef5, TagVersionOfSymbol = 0x6ffffff0,
        TagVersionNeed = 0x6ffffffe, TagVersionNeedCount = 0x6fffffff;
    private const int SymbolSize = 24, RelaSize = 24;
    private const ushort VersionIndexMask = 0x7fff;
    private const byte FlagWeak = 2;

    /// <summary>The mended copy of <paramref name="library"/>.</summary>
    /// <exception cref="InvalidDataException">The file is not the one this mend is known to be right for.</exception>
    internal static byte[] Mend(ReadOnlySpan<byte> library)
    {
        try
        {
            var elf = new Image(library);
            var need = FindVersionNeed(elf);
            CheckOnlyUser(elf, elf.U16(need + 6));

            var mended = library.ToArray();
            mended[checked((int)need + 4)] |= FlagWeak;
            return mended;
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or OverflowException)
        {
            throw new InvalidDataException("the file is damaged: an offset in it points outside of it.", e);
        }
    }

    /// <summary>Where the record (<c>Elf64_Vernaux</c>) of the missing version lies.</summary>
    private static ulong FindVersionNeed(Image elf)
    {
        var file = elf.FileOffset(elf.Dynamic(TagVersionNeed));
        for (var files = elf.Dynamic(TagVersionNeedCount); files > 0; files--)
        {
            var version = checked(file + elf.U32(file + 8));
            for (var versions = elf.U16(file + 2); versions > 0; versions--)
            {
                if (elf.IsString(elf.U32(version + 8), MissingVersion))
                {
                    return version;
                }

                version = checked(version + elf.U32(version + 12));
            }

            file = checked(file + elf.U32(file + 12));
        }

        throw new InvalidDataException($"it does not ask for {MissingVersion}, so something else keeps it from loading.");
    }

    /// <summary>Throws unless the version is asked for by the one symbol that nothing uses.</summary>
    private static void CheckOnlyUser(Image elf, int versionIndex)
    {
        var symbols = elf.FileOffset(elf.Dynamic(TagSymbolTable));
        var versions = elf.FileOffset(elf.Dynamic(TagVersionOfSymbol));

        // The hash table covers the defined symbols, which come last: the number of its first one is the number
        // of imported ones, and only those can ask for a version.
        var imported = elf.U32(elf.FileOffset(elf.Dynamic(TagGnuHash)) + 4);

        ulong? user = null;
        for (ulong i = 1; i < imported; i++)
        {
            if ((elf.U16(versions + (2 * i)) & VersionIndexMask) != versionIndex)
            {
                continue;
            }

            if (!elf.IsString(elf.U32(symbols + (SymbolSize * i)), OnlyUser))
            {
                throw new InvalidDataException($"{MissingVersion} is needed by other symbols than {OnlyUser}.");
            }

            user = i;
        }

        if (user is null)
        {
            throw new InvalidDataException($"{OnlyUser} is not among the symbols it imports from {MissingVersion}.");
        }

        // A relocation would make the loader look the symbol up and fail, now or at the first call.
        if (IsRelocated(elf, TagRela, TagRelaSize, user.Value) || IsRelocated(elf, TagPltRela, TagPltRelaSize, user.Value))
        {
            throw new InvalidDataException($"it uses {OnlyUser}, which is known to be unused only.");
        }
    }

    private static bool IsRelocated(Image elf, ulong tableTag, ulong sizeTag, ulong symbol)
    {
        var table = elf.FileOffset(elf.Dynamic(tableTag));
        var size = elf.Dynamic(sizeTag);
        for (ulong at = 0; at < size; at += RelaSize)
        {
            if (elf.U64(table + at + 8) >> 32 == symbol)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// What the loader reads of a library: its segments and the dynamic table. Section headers are for linkers and
    /// debuggers and may be missing.
    /// </summary>
    private readonly ref struct Image
    {
        private readonly ReadOnlySpan<byte> _bytes;
        private readonly List<(ulong Address, ulong Size, ulong Offset)> _segments = [];
        private readonly Dictionary<ulong, ulong> _dynamic = [];
        private readonly ulong _strings;

        internal Image(ReadOnlySpan<byte> bytes)
        {
            _bytes = bytes;

            // 64 bits, little endian; then shared object for x86-64.
            if (!bytes.StartsWith("\u007fELF\u0002\u0001"u8) || U16(16) != 3 || U16(18) != 62 || U16(54) != ProgramHeaderSize)
            {
                throw new InvalidDataException("it is not a shared library for 64-bit Linux on x64.");
            }

            var (tableOffset, tableSize) = (0UL, 0UL);
            var header = U64(32);
            for (var count = U16(56); count > 0; count--, header += ProgramHeaderSize)
            {
                var (offset, address, size) = (U64(header + 8), U64(header + 16), U64(header + 32));
                switch (U32(header))
                {
                    case SegmentLoad:
                        // The loader maps what is missing as well, and the process dies when it touches it.
                        if (checked(offset + size) > (ulong)bytes.Length)
                        {
                            throw new InvalidDataException("the file is cut short.");
                        }

                        _segments.Add((address, size, offset));
                        break;
                    case SegmentDynamic:
                        (tableOffset, tableSize) = (offset, size);
                        break;
                }
            }

            for (ulong at = 0; at < tableSize && U64(tableOffset + at) != TagNull; at += 16)
            {
                _dynamic[U64(tableOffset + at)] = U64(tableOffset + at + 8);
            }

            _strings = FileOffset(Dynamic(TagStringTable));
        }

        internal ulong Dynamic(ulong tag) => _dynamic.TryGetValue(tag, out var value)
            ? value
            : throw new InvalidDataException($"its dynamic table has no entry 0x{tag:x}.");

        internal ulong FileOffset(ulong address)
        {
            foreach (var (start, size, offset) in _segments)
            {
                if (address >= start && address - start < size)
                {
                    return offset + (address - start);
                }
            }

            throw new InvalidDataException($"its address 0x{address:x} is in no segment.");
        }

        internal bool IsString(ulong offset, string expected) =>
            From(checked(_strings + offset)).StartsWith(Encoding.ASCII.GetBytes(expected + '\0'));

        internal ushort U16(ulong offset) => BinaryPrimitives.ReadUInt16LittleEndian(From(offset));

        internal uint U32(ulong offset) => BinaryPrimitives.ReadUInt32LittleEndian(From(offset));

        internal ulong U64(ulong offset) => BinaryPrimitives.ReadUInt64LittleEndian(From(offset));

        private ReadOnlySpan<byte> From(ulong offset) => _bytes[checked((int)offset)..];
    }
}
