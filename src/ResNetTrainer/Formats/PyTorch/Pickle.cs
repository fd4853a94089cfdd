using System.Buffers.Binary;
using System.Text;

namespace ResNetMLNet.Formats.PyTorch;

/// <summary>
/// Reads what Python's pickle writes of plain values: the few operations that torch.save needs. Nothing is executed and nothing is looked
/// up: a global is a name, and what is made of it is the caller's closed list; every other operation and every other name is refused.
/// </summary>
/// <param name="data">The pickle; nothing is allocated that it does not have the bytes for.</param>
/// <param name="build">Makes a value of a global and its arguments.</param>
/// <param name="load">Makes a value of a persistent id.</param>
internal sealed class Pickle(ReadOnlyMemory<byte> data, Func<Pickle.Global, object?[], object?> build, Func<object?, object?> load)
{
    private static readonly object _mark = new();

    private readonly Stack<object?> _stack = new();
    private readonly Dictionary<long, object?> _memo = [];
    private int _at;

    /// <exception cref="InvalidDataException">It is damaged, or has more than plain values.</exception>
    public object? Read()
    {
        for (; ; )
        {
            var operation = (char)Take(1)[0];
            if (operation == '.')
            {
                return Pop();
            }

            Run(operation);
        }
    }

    private void Run(char operation)
    {
        switch (operation)
        {
            case '\x80': // PROTO
                Take(1);
                break;
            case '(': // MARK
                _stack.Push(_mark);
                break;
            case '0': // POP
                Pop();
                break;
            case 'q': // BINPUT
                _memo[Take(1)[0]] = Peek();
                break;
            case 'r': // LONG_BINPUT
                _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Peek();
                break;
            case 'h': // BINGET
                _stack.Push(Remembered(Take(1)[0]));
                break;
            case 'j': // LONG_BINGET
                _stack.Push(Remembered(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case 'c': // GLOBAL
                _stack.Push(new Global(Line(), Line()));
                break;
            case 'R': // REDUCE
                var arguments = Pop<object?[]>();
                _stack.Push(build(Pop<Global>(), arguments));
                break;
            case 'Q': // BINPERSID
                _stack.Push(load(Pop()));
                break;
            case 'b': // BUILD: the attributes of a dictionary, which are none of its entries.
                Pop();
                if (Peek() is not Dictionary<string, object?>)
                {
                    throw Damaged("it sets attributes of something that is no dictionary");
                }

                break;
            default:
                if (!RunCollection(operation))
                {
                    _stack.Push(Scalar(operation));
                }

                break;
        }
    }

    private bool RunCollection(char operation)
    {
        switch (operation)
        {
            case '}': // EMPTY_DICT
                _stack.Push(new Dictionary<string, object?>());
                return true;
            case ']': // EMPTY_LIST
                _stack.Push(new List<object?>());
                return true;
            case ')': // EMPTY_TUPLE
                _stack.Push(Array.Empty<object?>());
                return true;
            case 't': // TUPLE
                _stack.Push(PopToMark());
                return true;
            case '\x85' or '\x86' or '\x87': // TUPLE1, TUPLE2, TUPLE3
                var values = new object?[operation - '\x84'];
                for (var i = values.Length - 1; i >= 0; i--)
                {
                    values[i] = Pop();
                }

                _stack.Push(values);
                return true;
            case 's': // SETITEM
                var value = Pop();
                Set([Pop(), value]);
                return true;
            case 'u': // SETITEMS
                Set(PopToMark());
                return true;
            case 'a': // APPEND
                var item = Pop();
                Peek<List<object?>>().Add(item);
                return true;
            case 'e': // APPENDS
                var items = PopToMark();
                Peek<List<object?>>().AddRange(items);
                return true;
            default:
                return false;
        }
    }

    private object? Scalar(char operation) => operation switch
    {
        'N' => null,
        '\x88' => true,
        '\x89' => false,
        'K' => (long)Take(1)[0],
        'M' => (long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)),
        'J' => (long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)),
        '\x8a' => Long(Take(Take(1)[0])), // LONG1
        'G' => BinaryPrimitives.ReadDoubleBigEndian(Take(8)),
        'X' => Encoding.UTF8.GetString(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))), // BINUNICODE
        '\x8c' => Encoding.UTF8.GetString(Take(Take(1)[0])), // SHORT_BINUNICODE
        _ => throw Damaged($"it has the operation 0x{(int)operation:X2}, which dictionaries of tensors are not saved with"),
    };

    private long Long(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > sizeof(long))
        {
            throw Damaged($"it has a whole number of {bytes.Length} bytes");
        }

        var value = bytes.Length > 0 && bytes[^1] >= 0x80 ? -1L : 0;
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }

    private void Set(object?[] pairs)
    {
        var dictionary = Peek<Dictionary<string, object?>>();
        for (var i = 0; i + 1 < pairs.Length; i += 2)
        {
            var key = pairs[i] switch
            {
                string text => text,
                long number => $"{number}", // Optimizers' states are numbered.
                _ => throw Damaged("a dictionary has a key that is neither text nor a number"),
            };
            dictionary[key] = pairs[i + 1];
        }
    }

    private ReadOnlySpan<byte> Take(long count)
    {
        if (count > data.Length - _at)
        {
            throw Damaged("it ends too early");
        }

        var taken = data.Span.Slice(_at, (int)count);
        _at += (int)count;
        return taken;
    }

    private string Line()
    {
        var length = data.Span[_at..].IndexOf((byte)'\n');
        var text = Encoding.UTF8.GetString(Take(length < 0 ? long.MaxValue : length));
        Take(1);
        return text;
    }

    private object? Remembered(long number) =>
        _memo.TryGetValue(number, out var value) ? value : throw Damaged($"it uses the value {number}, which it does not have");

    private object? Pop() => _stack.TryPop(out var value) && value != _mark ? value : throw Damaged("it takes a value that is not there");

    private T Pop<T>() => Pop() is T value ? value : throw Damaged($"it has another value where a {typeof(T).Name} is expected");

    private object? Peek() => _stack.TryPeek(out var value) && value != _mark ? value : throw Damaged("it takes a value that is not there");

    private T Peek<T>() => Peek() is T value ? value : throw Damaged($"it has another value where a {typeof(T).Name} is expected");

    private object?[] PopToMark()
    {
        var values = new List<object?>();
        while (_stack.TryPop(out var value))
        {
            if (value == _mark)
            {
                values.Reverse();
                return [.. values];
            }

            values.Add(value);
        }

        throw Damaged("it takes values from a mark that is not there");
    }

    private static InvalidDataException Damaged(string problem) => new($"its pickle cannot be read: {problem}");

    /// <summary>A name of Python.</summary>
    internal sealed record Global(string Module, string Name)
    {
        public override string ToString() => $"{Module}.{Name}";
    }
}
