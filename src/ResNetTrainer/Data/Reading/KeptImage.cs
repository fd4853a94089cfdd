using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data.Reading;

/// <summary>An encoded image as it was read of its row, to be decoded later and on any thread, and what decoding made of it.</summary>
internal sealed class KeptImage
{
    /// <summary>In bytes. Larger memory is not reused: that of one large image in each place would be too much to hold on to.</summary>
    public const int LargestReused = 1 << 20;

    private VBuffer<byte> _encoded;
    private byte[] _planes = [];

    public string? File { get; private set; }

    public long Position { get; private set; }

    public VBuffer<byte> Encoded => _encoded;

    /// <summary>Why there is no image: it could not be read of its row, or not be decoded.</summary>
    public ExceptionDispatchInfo? Error { get; set; }

    /// <summary>The shape of the image, once it is decoded.</summary>
    public ImageShape Shape { get; private set; }

    /// <summary>The image as planes of bytes, once it is decoded and was asked for.</summary>
    public ReadOnlySpan<byte> Planes => _planes.AsSpan(0, Shape.Count);

    /// <summary>Reads it of the row where a cursor stands. What fails is kept, too.</summary>
    public void Fetch(FeatureRow row, ValueGetter<VBuffer<byte>> getter)
    {
        (Error, File, Position, Shape) = (null, null, row.Position, default);
        if (_encoded.Length > LargestReused)
        {
            _encoded = default;
        }

        try
        {
            File = row.File;
            getter(ref _encoded);
        }
        catch (Exception e)
        {
            Error = ExceptionDispatchInfo.Capture(e);
        }
    }

    /// <summary>Keeps the planes that a reader makes of it.</summary>
    public void SetPlanes(PixelReader reader)
    {
        var planes = reader.Read();
        planes.CopyTo(GrowingBuffer.Grow(ref _planes, planes.Length));
        Shape = reader.Shape;
    }
}

/// <summary>Stands on kept images, as a cursor stands on rows.</summary>
internal sealed class KeptImageRow(IExceptionContext context, FeatureColumn column) : FeatureRow(context, column)
{
    public KeptImage Current { get; set; } = new();

    public override string? File => Current.File;

    public override long Position => Current.Position;

    public override ValueGetter<T> GetGetter<T>() =>
        (ValueGetter<T>)(Delegate)(ValueGetter<VBuffer<byte>>)((ref VBuffer<byte> value) => value = Current.Encoded);
}
