using Microsoft.ML;
using Microsoft.ML.Data;
using SkiaSharp;

namespace ResNetMLNet.Benchmarks.Experiments;

/// <summary>
/// Images in colour made of real ones: a garment of Fashion-MNIST, which is the label, in some colour, size and place over a part
/// of a photograph, and behind it a smaller garment of any class.
/// </summary>
internal static class ComposedImages
{
    /// <param name="ml">The context.</param>
    /// <param name="garments">Fashion-MNIST; the first row gives the first image, and so on.</param>
    /// <param name="photographs">The files to take backgrounds from.</param>
    /// <param name="count">How many images.</param>
    /// <param name="size">Pixels a side.</param>
    public static IDataView Create(MLContext ml, IDataView garments, IEnumerable<string> photographs, int count, int size)
    {
        var random = new Random(1);
        var backgrounds = photographs.Select(Load).ToArray();
        var some = ml.Data.TakeRows(garments, count);
        var (pixels, labels) = (some.GetColumn<byte[]>("Pixels").ToArray(), some.GetColumn<uint>("Label").ToArray());
        var rows = labels.Select((label, i) =>
            new Row { Label = label, Pixels = Compose(pixels[i], pixels[random.Next(count)], backgrounds, size, random) }).ToArray();
        Array.ForEach(backgrounds, background => background.Dispose());

        var schema = SchemaDefinition.Create(typeof(Row));
        schema["Pixels"].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, 3, size, size);
        schema["Label"].ColumnType = garments.Schema["Label"].Type;
        return ml.Data.LoadFromEnumerable(rows, schema);
    }

    private static byte[] Compose(byte[] garment, byte[] other, SKBitmap[] backgrounds, int size, Random random)
    {
        using var image = new SKBitmap(size, size, SKColorType.Rgba8888, SKAlphaType.Premul);
        using var canvas = new SKCanvas(image);
        using var paint = new SKPaint { FilterQuality = SKFilterQuality.Medium };
        var background = backgrounds[random.Next(backgrounds.Length)];
        var part = random.Next(size, Math.Min(background.Width, background.Height));
        var (left, top) = (random.Next(background.Width - part), random.Next(background.Height - part));
        canvas.DrawBitmap(background, SKRect.Create(left, top, part, part), SKRect.Create(size, size), paint);
        Draw(other, 0.3f, 0.5f);
        Draw(garment, 0.6f, 0.9f);
        canvas.Flush();

        var bytes = image.Bytes;
        var planes = new byte[3 * size * size];
        for (var i = 0; i < size * size; i++)
        {
            for (var channel = 0; channel < 3; channel++)
            {
                planes[(channel * size * size) + i] = bytes[(4 * i) + channel];
            }
        }

        return planes;

        void Draw(byte[] pixels, float smallest, float largest)
        {
            using var bitmap = Tinted(
                pixels, new SKColor((byte)random.Next(64, 256), (byte)random.Next(64, 256), (byte)random.Next(64, 256)));
            var side = size * (smallest + ((largest - smallest) * random.NextSingle()));
            canvas.DrawBitmap(
                bitmap, SKRect.Create(random.NextSingle() * (size - side), random.NextSingle() * (size - side), side, side), paint);
        }
    }

    // What is dark in the grey image is its ground, and transparent here.
    private static SKBitmap Tinted(byte[] pixels, SKColor colour)
    {
        const int side = 28;
        var bitmap = new SKBitmap(side, side, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        for (var i = 0; i < pixels.Length; i++)
        {
            var light = pixels[i];
            bitmap.SetPixel(
                i % side, i / side, new(Shade(colour.Red), Shade(colour.Green), Shade(colour.Blue), (byte)Math.Min(255, 4 * light)));

            byte Shade(byte value) => (byte)(value * light / 255);
        }

        return bitmap;
    }

    private static SKBitmap Load(string file)
    {
        using var whole = SKBitmap.Decode(file) ?? throw new InvalidDataException($"'{file}' is not an image.");
        var scale = 512f / Math.Min(whole.Width, whole.Height);
        return whole.Resize(new SKSizeI((int)(whole.Width * scale), (int)(whole.Height * scale)), SKFilterQuality.Medium);
    }

    private sealed class Row
    {
        public byte[] Pixels { get; set; } = [];

        public uint Label { get; set; }
    }
}
