namespace ResNetMLNet.Data.Decoding;

/// <summary>By what a file is taken for an image that the codec reads: its ending, or else its first bytes.</summary>
internal static class ImageSignature
{
    private const int Length = 32;

    private static readonly HashSet<string> Endings = new(
        [
            ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif",
            ".pjpeg", ".pjp", ".bmp", ".dib", ".gif", ".webp", ".ico", ".cur",
        ],
        StringComparer.OrdinalIgnoreCase);

    private static readonly HashSet<string> OtherFormats = new(
        [
            ".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k", ".svg", ".psd",
            ".tga", ".pgm", ".ppm", ".pnm", ".dng", ".nef", ".cr2", ".arw",
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a file of this name is an image: if it is none after all, it is damaged, and reading it says so.</summary>
    public static bool IsName(string path) => Endings.Contains(Path.GetExtension(path));

    /// <summary>Whether an ending is that of an image in a format that is not read.</summary>
    public static bool IsOtherFormat(string ending) => OtherFormats.Contains(ending);

    /// <summary>Whether the file begins as an image does.</summary>
    public static bool IsContent(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            Span<byte> start = stackalloc byte[Length];
            return IsContent(start[..file.ReadAtLeast(start, Length, throwOnEndOfStream: false)]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Whether these bytes begin as those of an image do.</summary>
    public static bool IsContent(ReadOnlySpan<byte> start) =>
        start.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10])
        || start.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8, 0xff])
        || start.StartsWith("GIF87a"u8)
        || start.StartsWith("GIF89a"u8)
        || (start.StartsWith("RIFF"u8) && start.Length >= 12 && start[8..].StartsWith("WEBP"u8))
        || IsBitmap(start)
        || IsIcon(start);

    /// <summary>Whether these bytes are what Git LFS leaves in the place of a file that has not been fetched.</summary>
    public static bool IsLargeFilePointer(ReadOnlySpan<byte> start) => start.StartsWith("version https://git-lfs.github.com/spec/"u8);

    // Two letters are not enough, a text may begin with them: the size of the second header has to be one of those that there are.
    private static bool IsBitmap(ReadOnlySpan<byte> start) =>
        start.Length >= 18 && start.StartsWith("BM"u8) && start[15..18].IndexOfAnyExcept((byte)0) < 0
        && start[14] is 12 or 16 or 40 or 52 or 56 or 64 or 108 or 124;

    // At least one image, and the reserved byte of the first is zero.
    private static bool IsIcon(ReadOnlySpan<byte> start) =>
        start.Length >= 22 && start.StartsWith((ReadOnlySpan<byte>)[0, 0, 1, 0]) && start[4] > 0 && start[5] == 0 && start[9] == 0;
}
