namespace ResNetMLNet.Data;

/// <summary>Arrays that are used again and again, and made anew only where more is needed.</summary>
internal static class GrowingBuffer
{
    /// <summary>So many elements, whose values are undefined.</summary>
    public static Span<T> Grow<T>(ref T[] buffer, int size)
    {
        if (buffer.Length < size)
        {
            buffer = new T[size];
        }

        return buffer.AsSpan(0, size);
    }
}
