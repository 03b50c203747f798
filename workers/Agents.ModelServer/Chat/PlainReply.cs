using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Chat;

/// <summary>A reply that is text and nothing else, until a token that ends it.</summary>
public sealed class PlainReply : IReplyShape
{
    readonly IVocabulary _vocabulary;
    readonly TextOut _text;
    readonly IGrammar? _grammar;
    Utf8State _utf8;

    /// <param name="marks">Marks that may come; one that ends a reply ends this one, the others stand for no text.</param>
    /// <param name="grammar">What the text must be, up to the first of the marks; it is disposed of with this.</param>
    public PlainReply(IVocabulary vocabulary, IReadOnlyList<int> marks, IReadOnlyList<string> stops, IGrammar? grammar)
    {
        _vocabulary = vocabulary;
        _text = new TextOut(stops);
        _grammar = grammar;
        Next = grammar is null ? new Choice.Text(marks) : new Choice.Ruled(grammar, marks[0]);
    }

    public Choice Next { get; }

    public Utf8State Utf8 => _utf8;

    public string FinishReason => "stop";

    public bool Take(int token, List<ReplyPart> parts)
    {
        if (!_vocabulary.IsText(token))
        {
            Flush(parts);
            return _grammar is null && !_vocabulary.IsEnd(token);
        }

        _grammar?.Accept(token);
        _utf8.Take(_vocabulary.Bytes(token));
        Add(parts, _text.Take(_vocabulary.Bytes(token)));
        return !_text.IsStopped;
    }

    public void Flush(List<ReplyPart> parts) => Add(parts, _text.Flush());

    static void Add(List<ReplyPart> parts, string text)
    {
        if (text.Length > 0)
        {
            parts.Add(new ReplyPart.Content(text));
        }
    }

    public void Dispose() => _grammar?.Dispose();
}
