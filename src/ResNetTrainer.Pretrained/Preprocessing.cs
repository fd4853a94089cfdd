using System.Runtime.InteropServices;
using Google.Protobuf;

namespace ResNetMLNet;

/// <summary>
/// What the package does to images before the network: its model ResNetPreprocess.onnx subtracts a mean image, the only constant that it
/// has, from bytes of blue, green, red.
/// </summary>
internal static class Preprocessing
{
    private const int Size = 224;
    private const float White = 255;

    // The fields of the messages in ONNX's onnx.proto.
    private const int GraphOfModel = 7;
    private const int InitializerOfGraph = 5;
    private const int FloatsOfTensor = 4;

    /// <exception cref="InvalidDataException">It is another file.</exception>
    public static PixelStatistics Read(string path)
    {
        try
        {
            var tensor = Field(Field(File.ReadAllBytes(path), GraphOfModel), InitializerOfGraph);
            var blueFirst = MemoryMarshal.Cast<byte, float>(Field(tensor, FloatsOfTensor)).ToArray();
            var redFirst = blueFirst.Chunk(Size * Size).Reverse().SelectMany(channel => channel).Select(value => value / White);
            return new(new MeanImage(Size, Size, [.. redFirst]), [1 / White, 1 / White, 1 / White]);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidDataException or ArgumentException)
        {
            throw new InvalidDataException(
                $"The file '{path}' has not the mean image of the package Microsoft.ML.DnnImageFeaturizer.ResNet18. Restore it again.", e);
        }
    }

    private static byte[] Field(byte[] message, int number)
    {
        using var input = new CodedInputStream(message);
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (WireFormat.GetTagFieldNumber(tag) == number)
            {
                return input.ReadBytes().ToByteArray();
            }

            input.SkipLastField();
        }

        throw new InvalidDataException($"It has no field {number}.");
    }
}
