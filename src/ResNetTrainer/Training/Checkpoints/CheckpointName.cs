using System.Globalization;
using System.Text.RegularExpressions;

namespace ResNetMLNet.Training.Checkpoints;

/// <summary>The moment of a checkpoint, which its file is named after: "checkpoint-0003-0000117.safetensors".</summary>
/// <param name="Epoch">Epochs done.</param>
/// <param name="Step">Steps done of the next.</param>
internal readonly partial record struct CheckpointName(long Epoch, long Step) : IComparable<CheckpointName>
{
    /// <summary>What the names of all of them look like to the file system.</summary>
    public const string Pattern = "checkpoint-*.safetensors";

    /// <summary>Reads it off a file; null where that is named otherwise.</summary>
    public static CheckpointName? Of(string file) =>
        Form().Match(Path.GetFileName(file)) is { Success: true } match
        && long.TryParse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var epoch)
        && long.TryParse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture, out var step)
            ? new(epoch, step)
            : null;

    public int CompareTo(CheckpointName other) => (Epoch, Step).CompareTo((other.Epoch, other.Step));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"checkpoint-{Epoch:D4}-{Step:D7}.safetensors");

    [GeneratedRegex(@"^checkpoint-([0-9]+)-([0-9]+)\.safetensors$")]
    private static partial Regex Form();
}
