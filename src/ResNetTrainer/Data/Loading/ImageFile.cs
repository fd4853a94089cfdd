using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Decoding;

namespace ResNetMLNet.Data.Loading;

/// <summary>Image files as ML.NET's images.</summary>
internal static class ImageFile
{
    /// <exception cref="UnusableImageException">
    /// The file cannot be read, or is no image that can be used; the message says which.
    /// </exception>
    public static MLImage Decode(IExceptionContext context, string path)
    {
        try
        {
            using var encoded = EncodedImage.Open(FileContent.Read(context, path), EncodedImage.DefaultMaximumPixels);
            using var decoded = encoded.Decode();
            return MLImage.CreateFromPixels(encoded.Width, encoded.Height, MLPixelFormat.Bgra32, decoded.Pixels.ToOpaque());
        }
        catch (UndecodableImageException e)
        {
            throw RowError.Unreadable(context, $"The file '{path}': {e.Message}", path, e);
        }
    }
}
