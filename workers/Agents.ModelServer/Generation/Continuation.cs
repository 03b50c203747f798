namespace Agents.ModelServer.Generation;

/// <summary>
/// The beginning of a reply that was made elsewhere, taken in by a fresh shape token by token: text, calls and grammar then
/// stand exactly where they stood there.
/// </summary>
static class Continuation
{
    /// <summary>
    /// What the tokens stand for, and whether the reply is complete with them; null where they cannot be the beginning of
    /// such a reply, and then the shape is worth nothing.
    /// </summary>
    public static (List<GenerationEvent.Token> Made, bool IsComplete)? Take(IReplyShape shape, IVocabulary vocabulary, IReadOnlyList<int> tokens)
    {
        var made = new List<GenerationEvent.Token>(tokens.Count);
        for (var i = 0; i < tokens.Count; i++)
        {
            if (!Allows(shape, vocabulary, tokens[i]))
            {
                return null;
            }

            var parts = new List<ReplyPart>();
            var goesOn = shape.Take(tokens[i], parts);
            made.Add(new GenerationEvent.Token(new Pick(tokens[i], 0, []), parts));
            if (!goesOn)
            {
                return i == tokens.Count - 1 ? (made, true) : null;
            }
        }

        return (made, false);
    }

    static bool Allows(IReplyShape shape, IVocabulary vocabulary, int token) => shape.Next switch
    {
        Choice.OneOf one => one.Tokens.Contains(token),
        Choice.Text text => vocabulary.IsText(token) || text.Marks.Contains(token),
        Choice.Ruled ruled when vocabulary.IsText(token) => IsUtf8(shape.Utf8, vocabulary, token) && ruled.Grammar.Allows(token),
        Choice.Ruled ruled => ruled.Marks.Contains(token) || (token == ruled.Exit && shape.Utf8.IsWhole && ruled.Grammar.MayEnd),
        _ => false,
    };

    static bool IsUtf8(Utf8State state, IVocabulary vocabulary, int token) => state.Take(vocabulary.Bytes(token));
}
