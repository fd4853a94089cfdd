using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Sample.Images;

namespace ResNetMLNet.Sample.Rendering;

/// <summary>Scored images: what they are, what the model takes them for, and, where they are small, how they look.</summary>
internal static class PredictionTable
{
    private const string Shades = " .:-=+*#%@";
    private const int Gap = 3;

    /// <param name="output">Where to.</param>
    /// <param name="scored">The images.</param>
    /// <param name="featureColumnName">Their column.</param>
    /// <param name="lineLength">The longest line.</param>
    public static void Write(TextWriter output, IDataView scored, string featureColumnName, int lineLength)
    {
        var truths = scored.LabelNames();
        var predictions = scored.GetColumn<string>("PredictedLabel");
        var probabilities = scored.GetColumn<float[]>("Score").Select(scores => scores.Max());
        string[] captions =
        [
            .. truths.Zip(predictions, probabilities).Select(row => PlainText.OneLine(
                row.First == row.Second ? $"ok {row.Second} {row.Third:P0}" : $"?? {row.Second} {row.Third:P0}, is {row.First}")),
        ];

        if (scored.Schema[featureColumnName].Type is VectorDataViewType { Dimensions: [1, <= 32, var width and <= 32] })
        {
            var drawings = scored.GetColumn<byte[]>(featureColumnName).Select(pixels => Draw(pixels, width)).ToArray();
            var cell = Math.Max(width, 28) + Gap;
            var columns = Math.Max(1, (lineLength + Gap) / cell);
            for (var first = 0; first < captions.Length; first += columns)
            {
                WriteRow(output, drawings.Skip(first).Take(columns).ToArray(), captions.Skip(first).Take(columns), cell);
            }
        }
        else
        {
            Array.ForEach(captions, output.WriteLine);
        }
    }

    private static void WriteRow(TextWriter output, string[][] drawings, IEnumerable<string> captions, int width)
    {
        for (var line = 0; line < drawings[0].Length; line++)
        {
            output.WriteLine(string.Concat(drawings.Select(drawing => drawing[line].PadRight(width))).TrimEnd());
        }

        output.WriteLine(string.Concat(captions.Select(caption => caption.PadRight(width))).TrimEnd());
        output.WriteLine();
    }

    // Every second line, because characters are about twice as high as wide.
    private static string[] Draw(byte[] pixels, int width) =>
        [.. pixels.Chunk(2 * width).Select(lines => string.Concat(lines.Take(width).Select(pixel => Shades[pixel * Shades.Length / 256])))];
}
