using Microsoft.ML;
using Microsoft.ML.Data;
using SkiaSharp;

namespace ResNetMLNet.Benchmarks.Experiments;

/// <summary>
/// A class for each of some photographs, and as its images random parts of it: for training from its left three fifths, for the test from
/// the rest, so that no pixel is in both.
/// </summary>
internal sealed class PhotographCrops : IDisposable
{
    private const double TrainingShare = 0.6;

    private readonly MLContext _ml;
    private readonly (string Name, SKBitmap Image)[] _photographs;

    public PhotographCrops(MLContext ml, IEnumerable<string> files)
    {
        _ml = ml;
        _photographs = [.. files.Order(StringComparer.Ordinal).Select(file => (Path.GetFileNameWithoutExtension(file), Load(file)))];
    }

    public int Classes => _photographs.Length;

    /// <summary>So many images a class, as pixels (3, size, size) of bytes.</summary>
    public IDataView Create(int perClass, int size, bool test, int seed)
    {
        var random = new Random(seed);
        var rows = new List<Row>();
        for (var i = 0; i < perClass; i++)
        {
            for (var label = 0; label < _photographs.Length; label++)
            {
                rows.Add(new() { Label = (uint)label, Pixels = Crop(_photographs[label].Image, size, test, random) });
            }
        }

        var schema = SchemaDefinition.Create(typeof(Row));
        schema["Pixels"].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, 3, size, size);
        schema["Label"].ColumnType = new KeyDataViewType(typeof(uint), _photographs.Length);
        return _ml.Data.LoadFromEnumerable(rows, schema);
    }

    public void Dispose() => Array.ForEach(_photographs, photograph => photograph.Image.Dispose());

    // A square of a fifth to two fifths of the height, anywhere in its part, turned by up to 15 degrees either way, mirrored or not.
    private static byte[] Crop(SKBitmap photograph, int size, bool test, Random random)
    {
        var border = (float)(TrainingShare * photograph.Width);
        var (from, to) = test ? (border, photograph.Width) : (0f, border);
        var side = photograph.Height * (0.2f + (0.2f * random.NextSingle()));

        // What the turned square reaches must be within its part too.
        var reach = side * 1.25f / 2;
        var (x, y) = (Between(from + reach, to - reach), Between(reach, photograph.Height - reach));
        using var image = new SKBitmap(size, size, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var canvas = new SKCanvas(image);
        using var paint = new SKPaint { FilterQuality = SKFilterQuality.High };
        canvas.Translate(size / 2f, size / 2f);
        canvas.RotateDegrees(Between(-15, 15));
        canvas.Scale((random.Next(2) == 0 ? 1 : -1) * size / side, size / side);
        canvas.DrawBitmap(photograph, -x, -y, paint);
        canvas.Flush();

        var pixels = image.GetPixelSpan();
        var planes = new byte[3 * size * size];
        for (var i = 0; i < size * size; i++)
        {
            for (var channel = 0; channel < 3; channel++)
            {
                planes[(channel * size * size) + i] = pixels[(4 * i) + channel];
            }
        }

        return planes;

        float Between(float least, float most) => least + ((most - least) * random.NextSingle());
    }

    private static SKBitmap Load(string file)
    {
        using var whole = SKBitmap.Decode(file) ?? throw new InvalidDataException($"'{file}' is not an image.");
        var scale = 768f / Math.Min(whole.Width, whole.Height);
        return whole.Resize(new SKSizeI((int)(whole.Width * scale), (int)(whole.Height * scale)), SKFilterQuality.High);
    }

    private sealed class Row
    {
        public byte[] Pixels { get; set; } = [];

        public uint Label { get; set; }
    }
}
