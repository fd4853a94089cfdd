using System.Globalization;
using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Data.IO;
using Microsoft.ML.Runtime;

namespace ResNetMLNet.MLNet;

/// <summary>The values behind a key, of whatever type they are: text mostly, but numbers and dates too.</summary>
internal abstract class KeyValues
{
    public abstract PrimitiveDataViewType ItemType { get; }

    /// <summary>The values as text.</summary>
    public abstract IReadOnlyList<string> Names { get; }

    public abstract void AddTo(DataViewSchema.Annotations.Builder builder, string kind);

    public abstract void Write(IHostEnvironment environment, Stream stream);

    /// <summary>The values of a key column; null where it has none.</summary>
    public static KeyValues? Of(DataViewSchema.Column column) =>
        column.Annotations.Schema.GetColumnOrNull(ScoreAnnotations.KeyValues) is { } values
        && values.Type is VectorDataViewType { IsKnownSize: true } type
        && column.Type is KeyDataViewType key && (ulong)type.Size == key.Count
            ? (KeyValues)Typed(nameof(KeyValues<>.From), type).Invoke(null, [column.Annotations, values])!
            : null;

    /// <summary>The names of classes: the values of their key as text, or numbers where it has none.</summary>
    public static IReadOnlyList<string> NamesOf(KeyValues? values, int classes) =>
        values?.Names ?? [.. Enumerable.Range(0, classes).Select(index => index.ToString(CultureInfo.InvariantCulture))];

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes are not the values of that many classes; the message says how.</exception>
    public static KeyValues Read(IHostEnvironment environment, byte[] bytes, int classes)
    {
        try
        {
            KeyValuesLayout.Check(bytes, classes);

            // ML.NET's reader would wait for ever at the end of other streams.
            using var stream = new EntryStream(new MemoryStream(bytes, writable: false), bytes.Length);
            if (!Saver(environment).TryLoadTypeAndValue(stream, out var type, out var value) || type is not VectorDataViewType vector)
            {
                throw new InvalidDataException("its values are of a type that this version of ML.NET does not know");
            }

            return stream.Position == stream.Length
                ? (KeyValues)Typed(nameof(KeyValues<>.Of), vector).Invoke(null, [vector, value])!
                : throw new InvalidDataException("there is more in it than the values");
        }
        catch (Exception e) when (e is not (InvalidDataException or OutOfMemoryException))
        {
            // Whatever ML.NET's reader makes of damage: it has no exception of its own for it.
            throw new InvalidDataException(e.GetBaseException().Message, e);
        }
    }

    private static BinarySaver Saver(IHostEnvironment environment) => new(environment, new BinarySaver.Arguments());

    private static MethodInfo Typed(string method, VectorDataViewType type) =>
        typeof(KeyValues<>).MakeGenericType(type.ItemType.RawType).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!;

    protected static bool TryWrite<T>(IHostEnvironment environment, Stream stream, VectorDataViewType type, VBuffer<T> values) =>
        Saver(environment).TryWriteTypeAndValue(stream, type, ref values, out _);
}

internal sealed class KeyValues<T>(VectorDataViewType type, VBuffer<T> values) : KeyValues
{
    public override PrimitiveDataViewType ItemType => type.ItemType;

    public override IReadOnlyList<string> Names { get; } =
        [.. values.DenseValues().Select(value => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")];

    public override void AddTo(DataViewSchema.Annotations.Builder builder, string kind) =>
        builder.Add(kind, type, (ref VBuffer<T> destination) => values.CopyTo(ref destination));

    public override void Write(IHostEnvironment environment, Stream stream)
    {
        if (!TryWrite(environment, stream, type, values))
        {
            throw environment.Error(
                $"ML.NET cannot save labels whose values are of type {type.ItemType}. Map them to text or numbers before MapValueToKey.");
        }
    }

    internal static KeyValues From(DataViewSchema.Annotations annotations, DataViewSchema.Column column)
    {
        var values = default(VBuffer<T>);
        annotations.GetGetter<VBuffer<T>>(column)(ref values);
        return new KeyValues<T>((VectorDataViewType)column.Type, values);
    }

    internal static KeyValues Of(VectorDataViewType type, object values) => new KeyValues<T>(type, (VBuffer<T>)values);
}
