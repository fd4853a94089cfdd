namespace ResNetMLNet.MLNet;

/// <summary>
/// The content of a file within a file, read once from beginning to end: of a known length, at whose end reading fails instead of giving
/// nothing for ever, and with each piece shown to a checksum as it goes by.
/// </summary>
internal sealed class EntryStream(Stream content, long length, EntryStream.Observer? observe = null) : Stream
{
    private long _position;

    public delegate void Observer(ReadOnlySpan<byte> bytes);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var wanted = buffer[..(int)Math.Min(buffer.Length, length - _position)];
        var read = content.Read(wanted);
        if (read == 0 && buffer.Length > 0)
        {
            throw new EndOfStreamException($"it ends after {_position} bytes");
        }

        _position += read;
        observe?.Invoke(wanted[..read]);
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            content.Dispose();
        }

        base.Dispose(disposing);
    }
}
