using System.Text;

namespace Agents.Inference.Streaming;

/// <summary>
/// Reasoning or content as it arrives. What might be the beginning of a leaked tool call marker (or half a character)
/// is held back, and what follows a marker is kept aside, so that everything shown is part of the final message.
/// </summary>
internal sealed class TextChannel(ModelDeltaKind kind, Action<ModelDelta>? show, int charsMax)
{
    readonly StringBuilder _shown = new();
    readonly StringBuilder _aside = new();
    string _held = "";
    bool _marked;

    public long Chars => _shown.Length + _held.Length + _aside.Length;

    public bool IsEmpty => Chars == 0;

    public void Add(string text)
    {
        if (Chars + text.Length > charsMax)
        {
            throw new BoundReached($"{kind} of more than {charsMax} characters");
        }

        if (_marked)
        {
            _aside.Append(text);
            return;
        }

        text = _held + text;
        var marker = FirstMarker(text);
        if (marker >= 0)
        {
            _marked = true;
            Show(text[..marker]);
            _aside.Append(text, marker, text.Length - marker);
            _held = "";
            return;
        }

        var keep = Held(text);
        Show(text[..^keep]);
        _held = text[^keep..];
    }

    /// <summary>The text that begins at a marker; null when there was none.</summary>
    public string? Aside => _marked ? JsonText.Sound(_aside.ToString()) : null;

    /// <summary>Ends the channel with <paramref name="rest"/> in place of what was kept aside.</summary>
    public string? Close(string? rest = null)
    {
        Show(JsonText.Sound(_held + (rest ?? _aside.ToString())));
        _held = "";
        _aside.Clear();
        return _shown.Length == 0 ? null : _shown.ToString();
    }

    void Show(string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        text = JsonText.Sound(text);
        _shown.Append(text);
        show?.Invoke(new ModelDelta(kind, text));
    }

    static int FirstMarker(string text)
    {
        var section = text.IndexOf(LeakedToolCalls.SectionBegin, StringComparison.Ordinal);
        var call = text.IndexOf(LeakedToolCalls.CallBegin, StringComparison.Ordinal);
        return section < 0 ? call : call < 0 ? section : Math.Min(section, call);
    }

    // Length of the longest end of the text that a marker could begin with, or of a lone high surrogate.
    static int Held(string text)
    {
        if (text.Length > 0 && char.IsHighSurrogate(text[^1]))
        {
            return 1;
        }

        var from = text.LastIndexOf('<');
        if (from < 0)
        {
            return 0;
        }

        var end = text.AsSpan(from);
        return LeakedToolCalls.SectionBegin.AsSpan().StartsWith(end) || LeakedToolCalls.CallBegin.AsSpan().StartsWith(end)
            ? end.Length
            : 0;
    }
}
