using System.Numerics;

namespace Agents.Engine.History;

/// <summary>Writes protobuf wire format into one growing buffer that is used again and again.</summary>
internal sealed class ProtoWriter
{
    byte[] _buffer = new byte[4096];
    int _length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public int Length => _length;

    public void Clear()
    {
        const int KeptBytesMax = 1 << 20;   // one huge event must not pin its buffer to the thread
        _length = 0;
        if (_buffer.Length > KeptBytesMax)
        {
            _buffer = new byte[4096];
        }
    }

    public void Varint(ulong value)
    {
        Reserve(10);
        while (value >= 0x80)
        {
            _buffer[_length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _buffer[_length++] = (byte)value;
    }

    /// <summary>int32 and enums; zero is the default and is left out, negative numbers take ten bytes as the format wants.</summary>
    public void Int32(int field, int value)
    {
        if (value != 0)
        {
            Tag(field, WireType.Varint);
            Varint((ulong)(long)value);
        }
    }

    public void Bool(int field, bool value)
    {
        if (value)
        {
            Tag(field, WireType.Varint);
            Varint(1);
        }
    }

    public void UInt64(int field, ulong value)
    {
        if (value != 0)
        {
            Tag(field, WireType.Varint);
            Varint(value);
        }
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, WireType.Bytes);
        Varint((ulong)value.Length);
        Raw(value);
    }

    /// <summary>A plain string; the caller decides whether an empty one is left out.</summary>
    public void Text(int field, string value, int utf8Length)
    {
        Tag(field, WireType.Bytes);
        Varint((ulong)utf8Length);
        Reserve(utf8Length);
        LosslessUtf8.Encode(value, _buffer.AsSpan(_length, utf8Length));
        _length += utf8Length;
    }

    public void Raw(ReadOnlySpan<byte> value)
    {
        Reserve(value.Length);
        value.CopyTo(_buffer.AsSpan(_length));
        _length += value.Length;
    }

    public void Tag(int field, WireType type) => Varint((ulong)((field << 3) | (int)type));

    /// <summary>Opens a nested message; close it with <see cref="End"/>.</summary>
    public int Begin(int field)
    {
        Tag(field, WireType.Bytes);
        return BeginLengthPrefixed();
    }

    public int BeginLengthPrefixed()
    {
        Reserve(1);
        return _length++;
    }

    /// <summary>Writes the length in front of what was written since; moves it where the length needs more than a byte.</summary>
    public void End(int mark)
    {
        var body = _length - mark - 1;
        var extra = SizeOfVarint((ulong)body) - 1;
        if (extra > 0)
        {
            Reserve(extra);
            Buffer.BlockCopy(_buffer, mark + 1, _buffer, mark + 1 + extra, body);
        }

        _length = mark;
        Varint((ulong)body);
        _length += body;
    }

    public static int SizeOfVarint(ulong value)
    {
        var size = 1;
        for (; value >= 0x80; value >>= 7)
        {
            size++;
        }

        return size;
    }

    void Reserve(int bytes)
    {
        if (_buffer.Length - _length < bytes)
        {
            Array.Resize(ref _buffer, (int)BitOperations.RoundUpToPowerOf2((uint)(_length + bytes)));
        }
    }

}

/// <summary>Wire types of protobuf; groups are not used and refused.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}
