namespace Agents.Inference.Streaming;

/// <summary>
/// Sends content where it belongs when a server's reasoning parser is off: a content that begins with &lt;think&gt; is
/// reasoning up to &lt;/think&gt;. Done as it streams; a tag cut in two between events is held until it is whole.
/// </summary>
internal sealed class ThinkSplitter(TextChannel reasoning, TextChannel content)
{
    const string Begin = "<think>";
    const string End = "</think>";

    enum Place
    {
        Start,
        Thinking,
        Behind,
    }

    Place _place;
    string _held = "";

    public void Add(string text)
    {
        // A server that names its reasoning has a parser: its content is content.
        if (_place == Place.Start && !reasoning.IsEmpty)
        {
            _place = Place.Behind;
            text = _held + text;
            _held = "";
        }

        switch (_place)
        {
            case Place.Start:
                AtStart(_held + text);
                break;
            case Place.Thinking:
                Think(_held + text);
                break;
            default:
                content.Add(text);
                break;
        }
    }

    public void Close()
    {
        (_place == Place.Thinking ? reasoning : content).Add(_held);
        _held = "";
    }

    void AtStart(string text)
    {
        var begun = text.AsSpan().TrimStart();
        if (begun.StartsWith(Begin))
        {
            _place = Place.Thinking;
            Think(begun[Begin.Length..].ToString());
        }
        else if (Begin.AsSpan().StartsWith(begun))
        {
            _held = text;
        }
        else
        {
            _place = Place.Behind;
            _held = "";
            content.Add(text);
        }
    }

    void Think(string text)
    {
        var end = text.IndexOf(End, StringComparison.Ordinal);
        if (end >= 0)
        {
            _place = Place.Behind;
            _held = "";
            reasoning.Add(text[..end]);
            content.Add(text[(end + End.Length)..].TrimStart('\n'));
            return;
        }

        var tag = text.LastIndexOf('<');
        var keep = tag >= 0 && End.AsSpan().StartsWith(text.AsSpan(tag)) ? text.Length - tag : 0;
        reasoning.Add(text[..^keep]);
        _held = text[^keep..];
    }
}
