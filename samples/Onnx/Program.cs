using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using SkiaSharp;

// Classifies images with an exported network, by ONNX Runtime and SkiaSharp alone: no ML.NET, no libtorch, no reflection. The network is
// one of ExportToOnnx with PixelType = OnnxPixelType.Byte and Resize = true, or of "resnet export --onnx-bytes --onnx-resize".
if (args is not [var model, _, ..])
{
    Console.Error.WriteLine("Usage: Onnx MODEL.onnx IMAGE...");
    return 2;
}

using var session = new InferenceSession(model);
using var json = JsonDocument.Parse(session.ModelMetadata.CustomMetadataMap["class_names"]);
string[] names = [.. json.RootElement.EnumerateArray().Select(name => name.GetString()!)];
var channels = session.InputMetadata["pixels"].Dimensions[1];
foreach (var file in args[1..])
{
    using var image = Read(file);
    using var pixels = OrtValue.CreateTensorValueFromMemory(Planes(image, channels), [1, channels, image.Height, image.Width]);
    using var options = new RunOptions();
    using var outputs = session.Run(options, ["pixels"], [pixels], ["probabilities", "class"]);
    var likeliest = outputs[0].GetTensorDataAsSpan<float>().ToArray().Max();
    var best = (int)outputs[1].GetTensorDataAsSpan<long>()[0];

    // None, where the model has RejectBelow and its likeliest class is not as likely.
    Console.WriteLine($"{file}: {(best < 0 ? "unknown" : names[best])} ({likeliest:P1})");
}

return 0;

// As training saw images: the way up that EXIF says (of JPEG and WebP; Skia does not say what a PNG's says), and what is transparent on
// white.
static SKBitmap Read(string file)
{
    const long MostPixels = 100_000_000;
    using var codec = SKCodec.Create(file, out var result) ?? throw new InvalidDataException($"'{file}' cannot be read: {result}.");
    if ((long)codec.Info.Width * codec.Info.Height > MostPixels)
    {
        throw new InvalidDataException($"'{file}' has more than {MostPixels} pixels.");
    }

    using var stored = new SKBitmap(new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Premul));
    result = codec.GetPixels(stored.Info, stored.GetPixels());
    if (result != SKCodecResult.Success)
    {
        throw new InvalidDataException($"'{file}' is cut off or damaged: {result}.");
    }

    var (degrees, mirrored) = codec.EncodedOrigin switch
    {
        SKEncodedOrigin.TopRight => (0, true),
        SKEncodedOrigin.BottomRight => (180, false),
        SKEncodedOrigin.BottomLeft => (180, true),
        SKEncodedOrigin.LeftTop => (90, true),
        SKEncodedOrigin.RightTop => (90, false),
        SKEncodedOrigin.RightBottom => (270, true),
        SKEncodedOrigin.LeftBottom => (270, false),
        _ => (0, false),
    };
    var isSideways = degrees is 90 or 270;
    var (width, height) = isSideways ? (stored.Height, stored.Width) : (stored.Width, stored.Height);
    var upright = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);
    using var canvas = new SKCanvas(upright);
    canvas.Clear(SKColors.White);
    canvas.Translate(width / 2f, height / 2f);
    canvas.Scale(mirrored ? -1 : 1, 1);
    canvas.RotateDegrees(degrees);
    canvas.DrawBitmap(stored, -stored.Width / 2f, -stored.Height / 2f);
    return upright;
}

// All of one channel, then the next: red, green, blue, or grey (ITU-R BT.601).
static byte[] Planes(SKBitmap image, int channels)
{
    var pixels = image.GetPixelSpan();
    var count = image.Width * image.Height;
    var planes = new byte[channels * count];
    for (var i = 0; i < count; i++)
    {
        var (red, green, blue) = (pixels[4 * i], pixels[(4 * i) + 1], pixels[(4 * i) + 2]);
        if (channels == 1)
        {
            planes[i] = (byte)(((299 * red) + (587 * green) + (114 * blue) + 500) / 1000);
        }
        else
        {
            (planes[i], planes[count + i], planes[(2 * count) + i]) = (red, green, blue);
        }
    }

    return planes;
}
