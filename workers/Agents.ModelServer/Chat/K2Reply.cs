using System.Text;
using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Chat;

/// <summary>What a K2 reply may hold.</summary>
public sealed record K2ReplyOptions
{
    /// <summary>It begins inside a think section, which the prompt has opened.</summary>
    public required bool Thinks { get; init; }

    /// <summary>Grammar of the arguments, by tool; empty for none to call.</summary>
    public IReadOnlyDictionary<string, string> Tools { get; init; } = new Dictionary<string, string>();

    /// <summary>It must call a tool and say nothing else.</summary>
    public bool MustCall { get; init; }

    /// <summary>Calls in one reply.</summary>
    public int CallsMax { get; init; } = 64;

    /// <summary>Number of the first call.</summary>
    public int CallsBefore { get; init; }

    public IReadOnlyList<string> Stops { get; init; } = [];

    /// <summary>What the answer must be; null for any text.</summary>
    public string? AnswerGrammar { get; init; }
}

/// <summary>
/// Reads a K2 reply token by token and says what may come next, so that it can only be well formed: a think section that
/// ends, then text or calls; a call names a tool there is, with its number, and arguments its schema accepts. Marks are
/// tokens: text that looks like one is text.
/// </summary>
public sealed class K2Reply : IReplyShape
{
    enum Phase
    {
        Thinking,
        Answer,
        Section,
        Name,
        Arguments,
        CallEnded,
        SectionEnded,
    }

    readonly IVocabulary _vocabulary;
    readonly K2Marks _marks;
    readonly K2ReplyOptions _options;
    readonly Func<string, IGrammar> _grammars;
    readonly StringBuilder _name = new();
    TextOut _text;
    Phase _phase;
    IGrammar? _grammar;
    Utf8State _utf8;
    int _calls;

    /// <param name="grammars">Makes a grammar of GBNF text.</param>
    public K2Reply(IVocabulary vocabulary, K2Marks marks, K2ReplyOptions options, Func<string, IGrammar> grammars)
    {
        _vocabulary = vocabulary;
        _marks = marks;
        _options = options;
        _grammars = grammars;
        _text = new TextOut([]);
        Next = Enter(options.Thinks && marks.ThinkEnd is not null ? Phase.Thinking : Phase.Answer);
    }

    public Choice Next { get; private set; }

    public Utf8State Utf8 => _utf8;

    public string FinishReason => _calls > 0 ? "tool_calls" : "stop";

    public bool Take(int token, List<ReplyPart> parts)
    {
        if (_vocabulary.IsText(token))
        {
            return TakeText(token, parts);
        }

        var phase = _phase;
        FlushText(parts);
        if (phase == Phase.Name)
        {
            BeginCall(parts);
        }

        var next = After(phase, token);
        if (next is not { } entered)
        {
            return false;
        }

        _calls += phase == Phase.Arguments ? 1 : 0;
        Next = Enter(entered);
        return entered != Phase.SectionEnded; // nothing but the end can follow
    }

    public void Flush(List<ReplyPart> parts) => FlushText(parts);

    public void Dispose() => _grammar?.Dispose();

    bool TakeText(int token, List<ReplyPart> parts)
    {
        var bytes = _vocabulary.Bytes(token);
        _grammar?.Accept(token);
        _utf8.Take(bytes);
        if (Next is Choice.Ruled { Marks.Count: > 0 } ruled)
        {
            Next = ruled with { Marks = [] }; // an answer has begun: no calls any more
        }

        Add(parts, _text.Take(bytes));
        return !_text.IsStopped;
    }

    /// <summary>The table of the format: what a mark leads to. Null ends the reply.</summary>
    Phase? After(Phase phase, int mark) => phase switch
    {
        Phase.Thinking when mark == _marks.ThinkEnd => Phase.Answer,
        Phase.Answer when mark == _marks.SectionBegin => Phase.Section,
        Phase.Section when mark == _marks.CallBegin => Phase.Name,
        Phase.Name when mark == _marks.ArgumentBegin => Phase.Arguments,
        Phase.Arguments when mark == _marks.CallEnd => Phase.CallEnded,
        Phase.CallEnded when mark == _marks.CallBegin => Phase.Name,
        Phase.CallEnded when mark == _marks.SectionEnd => Phase.SectionEnded,
        _ => null,
    };

    Choice Enter(Phase phase)
    {
        _grammar?.Dispose();
        _grammar = null;
        _utf8 = default;
        _phase = phase;
        switch (phase)
        {
            case Phase.Thinking:
                return new Choice.Text(_marks.ThinkEnd!.Value);
            case Phase.Answer:
                _text = new TextOut(_options.Stops);
                return Answer();
            case Phase.Section:
                return new Choice.OneOf(_marks.CallBegin);
            case Phase.Name:
                _text = new TextOut([]);
                _name.Clear();
                return Ruled(Names(), _marks.ArgumentBegin);
            case Phase.Arguments:
                _text = new TextOut([]);
                return Ruled(_options.Tools[CallName()], _marks.CallEnd);
            case Phase.CallEnded:
                return _calls < _options.CallsMax ? new Choice.OneOf(_marks.CallBegin, _marks.SectionEnd) : new Choice.OneOf(_marks.SectionEnd);
            default:
                return new Choice.OneOf(_marks.End);
        }
    }

    Choice Answer() => (_options.Tools.Count > 0, _options.MustCall, _options.AnswerGrammar) switch
    {
        (true, true, _) => new Choice.OneOf(_marks.SectionBegin),
        (true, _, { } grammar) => Ruled(grammar, _marks.End) with { Marks = [_marks.SectionBegin] },
        (_, _, { } grammar) => Ruled(grammar, _marks.End),
        (true, _, _) => new Choice.Text(_marks.End, _marks.SectionBegin),
        _ => new Choice.Text(_marks.End),
    };

    Choice.Ruled Ruled(string grammar, int exit)
    {
        _grammar = _grammars(grammar);
        return new Choice.Ruled(_grammar, exit);
    }

    string Names() => "root ::= " + string.Join(
        " | ", _options.Tools.Keys.Select(n => Schemas.GrammarText.Literal(K2Template.CallId(n, _options.CallsBefore + _calls))));

    /// <summary>The name between "functions." and the number.</summary>
    string CallName()
    {
        var id = _name.ToString();
        return id["functions.".Length..id.LastIndexOf(':')];
    }

    void BeginCall(List<ReplyPart> parts) => parts.Add(new ReplyPart.CallBegin(_calls, _name.ToString(), CallName()));

    void FlushText(List<ReplyPart> parts) => Add(parts, _text.Flush());

    void Add(List<ReplyPart> parts, string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        switch (_phase)
        {
            case Phase.Thinking:
                parts.Add(new ReplyPart.Reasoning(text));
                break;
            case Phase.Answer:
                parts.Add(new ReplyPart.Content(text));
                break;
            case Phase.Name:
                _name.Append(text);
                break;
            case Phase.Arguments:
                parts.Add(new ReplyPart.CallArguments(_calls, text));
                break;
        }
    }
}
