namespace Agents.ModelServer.Generation;

/// <summary>What a text may go on with. Used by one thread at a time.</summary>
public interface IGrammar : IDisposable
{
    /// <summary>True where the text may end here.</summary>
    bool MayEnd { get; }

    /// <summary>True where the text may go on with that token.</summary>
    bool Allows(int token);

    /// <summary>The same for many tokens at once, which is much cheaper than one by one.</summary>
    void Filter(Span<int> tokens, Span<bool> allowed);

    /// <summary>Goes on with a token that is allowed; throws <see cref="InvalidOperationException"/> for one that is not.</summary>
    void Accept(int token);
}
