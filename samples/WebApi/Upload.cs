using SkiaSharp;

namespace WebApi;

/// <summary>Looks at an upload before it costs anything.</summary>
internal static class Upload
{
    /// <summary>Why it is refused; null where it is an image of acceptable size.</summary>
    public static IResult? ProblemOf(byte[] bytes, long mostPixels)
    {
        // Only the header is read here.
        using var data = SKData.CreateCopy(bytes);
        using var codec = SKCodec.Create(data);
        if (codec is null)
        {
            return Results.Problem(
                "The body of the request must be an image: JPEG, PNG, GIF, BMP or WebP.", statusCode: StatusCodes.Status415UnsupportedMediaType);
        }

        var (width, height) = (codec.Info.Width, codec.Info.Height);
        return (long)width * height > mostPixels
            ? Results.Problem(
                $"The image has {width}x{height} pixels, more than {mostPixels:N0}.", statusCode: StatusCodes.Status413PayloadTooLarge)
            : null;
    }
}
