using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Data;
using ResNetMLNet.Data.Decoding;
using ResNetMLNet.Network;
using SkiaSharp;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>JPEGs as cameras and the web have them, in a folder for each of two classes, and the same images in memory.</summary>
internal static class PhotographFiles
{
    private const int Width = 500;
    private const int Height = 375;
    private const int Quality = 90;

    /// <summary>Parts of photographs, each at random but the same in each run.</summary>
    public static void Write(string photographs, string folder, int count)
    {
        var random = new Random(1);
        var files = Directory.EnumerateFiles(photographs, "*.jpg").Order(StringComparer.Ordinal).ToArray();
        for (var part = 0; part < files.Length; part++)
        {
            using var photograph = SKBitmap.Decode(files[part]);
            for (var i = part; i < count; i += files.Length)
            {
                var directory = Directory.CreateDirectory(Path.Combine(folder, i % 2 == 0 ? "even" : "odd")).FullName;
                File.WriteAllBytes(Path.Combine(directory, $"{i:D5}.jpg"), Crop(photograph, random));
            }
        }
    }

    /// <summary>The images as the network takes them: floats of (3, size, size), of 0 to 1.</summary>
    public static IDataView InMemory(MLContext ml, IDataView files, int size)
    {
        var shape = new ImageShape(3, size, size);
        var resizer = new HostResizer();
        var rows = ml.Data.CreateEnumerable<Encoded>(files, reuseRowObject: false)
            .Select(file =>
            {
                var pixels = new float[shape.Count];
                Resize(resizer, file.ImageBytes, shape, pixels);
                for (var i = 0; i < pixels.Length; i++)
                {
                    pixels[i] /= byte.MaxValue;
                }

                return new Row { Label = file.Label - 1, Pixels = pixels };
            })
            .ToArray();
        var schema = SchemaDefinition.Create(typeof(Row));
        schema["Pixels"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 3, size, size);
        schema["Label"].ColumnType = files.Schema["Label"].Type;
        return ml.Data.LoadFromEnumerable(rows, schema);
    }

    /// <summary>Milliseconds an image: to decode it, and to decode, de-interleave and resize it.</summary>
    public static (double Decoding, double All) Milliseconds(byte[][] encoded, int size)
    {
        var shape = new ImageShape(3, size, size);
        var (resizer, pixels) = (new HostResizer(), new float[shape.Count]);
        return (
            Each(bytes =>
            {
                using var image = EncodedImage.Open(bytes, EncodedImage.DefaultMaximumPixels);
                image.Decode(new(size, size)).Dispose();
            }),
            Each(bytes => Resize(resizer, bytes, shape, pixels)));

        double Each(Action<byte[]> action)
        {
            // Once to warm up.
            Array.ForEach(encoded, action);
            var watch = Stopwatch.StartNew();
            Array.ForEach(encoded, action);
            return watch.Elapsed.TotalMilliseconds / encoded.Length;
        }
    }

    private static void Resize(HostResizer resizer, byte[] encoded, ImageShape shape, float[] pixels)
    {
        using var image = EncodedImage.Open(encoded, EncodedImage.DefaultMaximumPixels);
        using var decoded = image.Decode(new(shape.Height, shape.Width));
        var grid = decoded.Pixels;
        resizer.Resize(
            new GridRows(grid, shape.Channels), new(shape.Channels, grid.Height, grid.Width), pixels, shape, ResizeMode.Stretch);
    }

    private static byte[] Crop(SKBitmap photograph, Random random)
    {
        using var image = new SKBitmap(Width, Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var canvas = new SKCanvas(image);
        using var paint = new SKPaint { FilterQuality = SKFilterQuality.High };

        // A third to all of it, as far as that goes into the proportions.
        var scale = Math.Min(photograph.Width / (float)Width, photograph.Height / (float)Height) * (0.33f + (0.67f * random.NextSingle()));
        var (width, height) = (scale * Width, scale * Height);
        var (left, top) = (random.NextSingle() * (photograph.Width - width), random.NextSingle() * (photograph.Height - height));
        canvas.DrawBitmap(photograph, SKRect.Create(left, top, width, height), SKRect.Create(Width, Height), paint);
        canvas.Flush();
        using var data = image.Encode(SKEncodedImageFormat.Jpeg, Quality);
        return data.ToArray();
    }

    private sealed class Encoded
    {
        public byte[] ImageBytes { get; set; } = [];

        [KeyType(2)]
        public uint Label { get; set; }
    }

    private sealed class Row
    {
        public float[] Pixels { get; set; } = [];

        public uint Label { get; set; }
    }
}
