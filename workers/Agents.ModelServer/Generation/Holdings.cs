namespace Agents.ModelServer.Generation;

/// <summary>The tree of what is held and the model that holds it, kept the same.</summary>
sealed class Holdings
{
    readonly ITokenModel _model;
    readonly bool _shares;
    readonly Stack<int> _free = new();

    public Holdings(ITokenModel model, bool shares)
    {
        (_model, _shares) = (model, shares);
        for (var sequence = model.SequencesMax - 1; sequence >= 0; sequence--)
        {
            _free.Push(sequence);
        }
    }

    public PrefixTree Tree { get; } = new();

    /// <summary>What is held of all but the last token: logits come only from a token that is computed.</summary>
    public PrefixMatch Find(ReadOnlySpan<int> tokens) => _shares ? Tree.Find(tokens[..^1]) : default;

    /// <summary>A sequence that begins with what was found; returns it with the tokens it holds.</summary>
    public (int Sequence, int Length) Begin(PrefixMatch match)
    {
        if (match.IsWhole)
        {
            Tree.Adopt(match.Source);
            return (match.Source, match.Length);
        }

        var sequence = FreeSequence(match.Source);
        match = match.Length > 0 && Tree.Holds(match.Source) ? match : default;
        Tree.Fork(sequence, match.Source, match.Length);
        if (match.Length > 0)
        {
            _model.Share(match.Source, sequence, match.Length);
        }

        return (sequence, match.Length);
    }

    /// <summary>Keeps what a sequence has computed for whoever begins alike, where that is possible, or frees it.</summary>
    public void End(int sequence)
    {
        if (!_shares)
        {
            Forget(sequence);
        }
        else if (!Tree.Release(sequence))
        {
            _model.Remove(sequence);
            _free.Push(sequence);
        }
    }

    public void Forget(int sequence)
    {
        Tree.Remove(sequence);
        _model.Remove(sequence);
        _free.Push(sequence);
    }

    /// <summary>Forgets the kept sequence that was not used for longest; false when none is kept.</summary>
    public bool ForgetOldest()
    {
        if (Tree.Oldest() is not { } oldest)
        {
            return false;
        }

        Forget(oldest);
        return true;
    }

    int FreeSequence(int except)
    {
        if (_free.Count == 0)
        {
            Forget(Tree.Oldest(except) ?? Tree.Oldest()
                ?? throw new InvalidOperationException("every sequence is in use: there are fewer sequences than slots"));
        }

        return _free.Pop();
    }
}
