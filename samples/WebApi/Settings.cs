namespace WebApi;

/// <summary>What can be set.</summary>
internal sealed class Settings
{
    /// <summary>The saved model. When the file is replaced, the new one is loaded.</summary>
    public string Model { get; set; } = "model.zip";

    /// <summary>The largest upload in bytes.</summary>
    public long MostUploadedBytes { get; set; } = 10 << 20;

    /// <summary>The largest image in pixels: a small file may hold a very large one.</summary>
    public long MostPixels { get; set; } = 40_000_000;
}
