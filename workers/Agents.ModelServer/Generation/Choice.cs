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

    /// <summary>Text the grammar allows, or the mark <paramref name="Exit"/> where the grammar lets the text end.</summary>
    public sealed record Ruled(IGrammar Grammar, int Exit) : Choice;
}
