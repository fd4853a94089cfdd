using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Sample.Images;

namespace ResNetMLNet.Sample.Scoring;

/// <summary>
/// What each evaluated image was taken for, as CSV (RFC 4180, UTF-8): <c>image</c>, the path of its file, or its number from 0 where there
/// are no files; <c>label</c>, its class; <c>predicted</c>, empty where no class is likely enough for the model; <c>probability</c>, that
/// of the likeliest class.
/// </summary>
internal static class PredictionsFile
{
    /// <param name="stream">Where it goes.</param>
    /// <param name="images">The images that were scored.</param>
    /// <param name="scored">What they were taken for.</param>
    /// <param name="model">The network.</param>
    public static void Write(Stream stream, IDataView images, ScoredImages scored, ResNetModel model)
    {
        string[]? paths = images.Schema.GetColumnOrNull(nameof(FolderImage.ImagePath)) is { } column
            ? [.. images.GetColumn<string>(column)]
            : null;

        // With the mark at its beginning by which spreadsheets tell UTF-8.
        using var writer = new StreamWriter(stream, Encoding.UTF8, leaveOpen: true) { NewLine = "\r\n" };
        writer.WriteLine("image,label,predicted,probability");
        foreach (var image in scored.Rows)
        {
            var predicted = Likeliest.IsRejected(model, image.Probability) ? "" : model.ClassNames[image.Prediction];
            writer.WriteLine(string.Join(
                ',',
                Quoted(paths?[image.Position] ?? $"{image.Position}"),
                Quoted(model.ClassNames[image.Truth]),
                Quoted(predicted),
                FormattableString.Invariant($"{image.Probability:G6}")));
        }
    }

    private static string Quoted(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
