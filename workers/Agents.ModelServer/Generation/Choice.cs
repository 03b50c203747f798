namespace Agents.ModelServer.Generation;

/// <summary>What the next token of a reply may be.</summary>
public abstract record Choice
{
    Choice()
    {
    }

    /// <summary>Any token that stands for text, or one of these marks.</summary>
    public sealed record Text(params IReadOnlyList<int> Marks) : Choice;

    /// <summary>One of these tokens, at least one.</summary>
    public sealed record OneOf(params IReadOnlyList<int> Tokens) : Choice;

    /// <summary>
    /// Text the grammar allows, or the mark <paramref name="Exit"/> where the grammar lets the text end, or one of the other
    /// marks instead of all that.
    /// </summary>
    public sealed record Ruled(IGrammar Grammar, int Exit, params IReadOnlyList<int> Marks) : Choice;
}
