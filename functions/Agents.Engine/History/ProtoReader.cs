namespace Agents.Engine.History;

/// <summary>
/// Reads one protobuf message field by field. A payload reference is shown as the field it stands for, so that callers
/// read the text in one way whether it is inline or stored apart.
/// </summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> bytes, PayloadLookup payloads)
{
    ReadOnlySpan<byte> _rest = bytes;
    WireType _type;
    ulong _number;
    ReadOnlySpan<byte> _bytes;
    string? _resolved;

    public int Field { get; private set; }

    public readonly int Int32 => (int)_number;

    public readonly long Int64 => (long)_number;

    public readonly bool Bool => _number != 0;

    public readonly ReadOnlySpan<byte> Bytes => _type == WireType.Bytes
        ? _bytes
        : throw HistoryFault.Unreadable($"field {Field} with wire type {_type}");

    public readonly ProtoReader Message => new(Bytes, payloads);

    /// <summary>A plain string.</summary>
    public readonly string Text => _resolved ?? LosslessUtf8.Decode(Bytes);

    /// <summary>A google.protobuf.StringValue: field 1 of a nested message.</summary>
    public readonly string Wrapped
    {
        get
        {
            if (_resolved is not null)
            {
                return _resolved;
            }

            var text = "";
            var wrapper = Message;
            while (wrapper.Next())
            {
                text = wrapper.Field == 1 ? wrapper.Text : text;
            }

            return text;
        }
    }

    public bool Next()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        var tag = ReadVarint();
        Field = (int)(tag >> 3);
        _type = (WireType)(tag & 7);
        _resolved = null;
        switch (_type)
        {
            case WireType.Varint:
                _number = ReadVarint();
                break;
            case WireType.Bytes:
                _bytes = Take(ReadVarint());
                break;
            case WireType.Fixed64:
                Take(8);
                break;
            case WireType.Fixed32:
                Take(4);
                break;
            default:
                throw HistoryFault.Unreadable($"wire type {(int)_type}");
        }

        if (Field == Fields.PayloadReference)
        {
            (Field, _resolved) = payloads.Resolve(_bytes);
        }

        return true;
    }

    ulong ReadVarint()
    {
        ulong value = 0;
        for (var i = 0; i < 10 && i < _rest.Length; i++)
        {
            value |= (ulong)(_rest[i] & 0x7F) << (7 * i);
            if (_rest[i] < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return value;
            }
        }

        throw HistoryFault.Unreadable("a number that does not end");
    }

    ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
        {
            throw HistoryFault.Unreadable("a length beyond its end");
        }

        var taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }
}
