using ResNetMLNet.Data.Decoding;

namespace ResNetMLNet.Data.Loading;

/// <summary>Counts what a folder has beside images.</summary>
internal sealed class LeftOut
{
    public const string Hidden = "hidden or of the system";
    public const string Special = "pipes or devices";
    public const string Links = "links to folders that are read already";
    public const string NoEnding = "without an ending";

    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>How many files are neither images nor hidden.</summary>
    public int Files => _counts.Where(each => IsFile(each.Key)).Sum(each => each.Value);

    /// <summary>Those that are images in a format that is not read; empty where there are none.</summary>
    public string OtherFormats => Text(_counts.Where(each => ImageSignature.IsOtherFormat(each.Key)));

    public void AddFile(string path) => Add(Path.GetExtension(path).ToLowerInvariant() is { Length: > 0 } ending ? ending : NoEnding);

    public void Add(string what, int count = 1) => _counts[what] = _counts.GetValueOrDefault(what) + count;

    public void Add(LeftOut other)
    {
        foreach (var (what, count) in other._counts)
        {
            Add(what, count);
        }
    }

    public override string ToString() => Text(_counts);

    private static bool IsFile(string what) => what[0] == '.' || what == NoEnding;

    private static string Text(IEnumerable<KeyValuePair<string, int>> counts) =>
        string.Join(", ", counts.Select(each => $"{each.Value} {each.Key}"));
}
