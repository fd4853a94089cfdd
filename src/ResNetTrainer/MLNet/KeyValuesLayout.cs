namespace ResNetMLNet.MLNet;

/// <summary>
/// The lengths in a vector as ML.NET's BinarySaver writes it, followed by its values. ML.NET's reader allocates what they claim before it
/// has seen a value, so they are compared first with the one length that is right.
/// </summary>
internal static class KeyValuesLayout
{
    private const string Vector = "VBuffer";
    private const string Key = "Key";
    private const int MostDimensions = 8;

    /// <exception cref="InvalidDataException">A length is not what it should be.</exception>
    /// <exception cref="EndOfStreamException">The bytes end before the values.</exception>
    public static void Check(byte[] bytes, int length)
    {
        using var stream = new MemoryStream(bytes, writable: false);
        using var reader = new BinaryReader(stream);
        Require(reader.ReadString() == Vector, "it is no vector");
        var end = reader.Read7BitEncodedInt64() + stream.Position;
        SkipItemType(reader, stream, mayBeKey: true);
        var dimensions = reader.ReadInt32();
        Require(dimensions is >= 1 and <= MostDimensions, $"its type has {dimensions} dimensions");
        var product = 1L;
        for (var i = 0; i < dimensions; i++)
        {
            var size = reader.ReadInt32();
            Require(size >= 1 && (product *= size) <= length, $"one of its dimensions is {size} for {length} classes");
        }

        Require(product == length, $"its type is a vector of {product} values for {length} classes");
        Require(stream.Position == end, "the description of its type has another length than it claims");
        CheckBlock(reader, length);
    }

    // One vector: its length, the number of values it holds (-1 for all), the number of indices.
    private static void CheckBlock(BinaryReader reader, int length)
    {
        var (vectors, size, values, indices) = (reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
        Require(vectors == 1, $"it has {vectors} vectors");
        Require(size == length, $"it has {size} values for {length} classes");
        Require(values >= -1 && values < length, $"it claims {values} values for {length} classes");
        Require(indices == Math.Max(values, 0), $"it claims {indices} indices for {values} values");
    }

    // The name of a type and a description of that length, which is empty but for a key's: the type of its numbers, and more.
    private static void SkipItemType(BinaryReader reader, Stream stream, bool mayBeKey)
    {
        var name = reader.ReadString();
        var length = reader.Read7BitEncodedInt64();
        var end = stream.Position + length;
        Require(length >= 0 && end <= stream.Length, "the description of a type is longer than the file");
        Require(name != Vector && (name != Key || mayBeKey), "its values are not single values");
        if (name == Key)
        {
            SkipItemType(reader, stream, mayBeKey: false);
            Require(stream.Position <= end, "the description of a type is shorter than its parts");
        }

        stream.Position = end;
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new InvalidDataException(problem);
        }
    }
}
