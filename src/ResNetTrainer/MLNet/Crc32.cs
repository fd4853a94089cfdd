namespace ResNetMLNet.MLNet;

/// <summary>The checksum of zips, which .NET reads and does not compare.</summary>
internal sealed class Crc32
{
    private static readonly uint[] _table = [.. Enumerable.Range(0, 256).Select(index => Shifted((uint)index))];
    private uint _state = uint.MaxValue;

    public uint Value => ~_state;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        var state = _state;
        foreach (var value in bytes)
        {
            state = _table[(byte)(state ^ value)] ^ (state >> 8);
        }

        _state = state;
    }

    private static uint Shifted(uint value)
    {
        const uint Polynomial = 0xedb88320;
        for (var bit = 0; bit < 8; bit++)
        {
            value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ Polynomial;
        }

        return value;
    }
}
