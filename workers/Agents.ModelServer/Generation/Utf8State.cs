namespace Agents.ModelServer.Generation;

/// <summary>
/// Where a text of bytes stands between two characters. Grammars look at characters and take any bytes that decode to
/// them, so that a quote could come as two bytes that nobody else reads as one; this refuses every byte that is not UTF-8.
/// </summary>
public struct Utf8State
{
    int _open;
    byte _least;
    byte _most;

    /// <summary>True between characters.</summary>
    public readonly bool IsWhole => _open == 0;

    /// <summary>Takes bytes in; false when they cannot be UTF-8, and then the state is worth nothing.</summary>
    public bool Take(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            if (!Take(value))
            {
                return false;
            }
        }

        return true;
    }

    bool Take(byte value)
    {
        if (_open > 0)
        {
            var good = value >= _least && value <= _most;
            (_open, _least, _most) = (_open - 1, 0x80, 0xBF);
            return good;
        }

        (_open, _least, _most) = value switch
        {
            < 0x80 => (0, default, default),
            < 0xC2 => (-1, default, default),
            < 0xE0 => (1, (byte)0x80, (byte)0xBF),
            0xE0 => (2, (byte)0xA0, (byte)0xBF),
            0xED => (2, (byte)0x80, (byte)0x9F),
            < 0xF0 => (2, (byte)0x80, (byte)0xBF),
            0xF0 => (3, (byte)0x90, (byte)0xBF),
            < 0xF4 => (3, (byte)0x80, (byte)0xBF),
            0xF4 => (3, (byte)0x80, (byte)0x8F),
            _ => (-1, default(byte), default(byte)),
        };
        return _open >= 0;
    }
}
