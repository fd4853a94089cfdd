namespace ResNetMLNet.Data.Decoding;

/// <summary>An encoded image that cannot be used. The message says what is wrong with it, to be put after the name of the image.</summary>
internal sealed class UndecodableImageException(string message) : Exception(message);
