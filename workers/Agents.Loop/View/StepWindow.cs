using Agents.Contracts.Runs;

namespace Agents.Loop.View;

/// <summary>
/// Which steps the view shows under "discard_all". A step is a reply with what it was answered, and leaves as a whole: no
/// call is ever shown without its result. What people said stays.
/// </summary>
sealed class StepWindow(ContextPolicy policy)
{
    const int Opening = 1;
    const long NoteTokens = 40;

    // Tokens of the view in front of each reply, with all that was taken out before counted in.
    readonly Dictionary<long, long> _replies = [];
    readonly HashSet<long> _people = [];
    readonly List<ViewItem> _items = [];
    int _count;
    int _start = Opening;
    long _openingTokens = -1;
    long _removed;

    /// <summary>A reply that joins the conversation, and how many tokens it was asked with.</summary>
    public void Replied(long sequence, long promptTokens)
    {
        _openingTokens = _openingTokens < 0 ? promptTokens : _openingTokens;
        _replies[sequence] = promptTokens + _removed;
    }

    public void Said(long sequence) => _people.Add(sequence);

    /// <summary>A call that named these items was answered: they are part of the conversation.</summary>
    public void Called(IReadOnlyList<ViewItem> appended)
    {
        _items.AddRange(appended.Skip(Math.Max(0, _start - _count)));
        _count += appended.Count;
    }

    /// <summary>What to take out before the next call; null for nothing.</summary>
    /// <param name="pending">Items that the next call appends.</param>
    /// <param name="tokens">Of the view; less by what is taken out.</param>
    public ViewCut? Choose(IReadOnlyList<ViewItem> pending, long trigger, ref long tokens)
    {
        var steps = Shown(pending).Count(i => IsReply(i.Item));
        return tokens > trigger || steps > (policy.TriggerSteps ?? int.MaxValue)
            ? Cut(pending, Math.Max(1, policy.KeepLast), ref tokens)
            : null;
    }

    /// <summary>Takes out all steps but the last <paramref name="keep"/>.</summary>
    public ViewCut? Cut(IReadOnlyList<ViewItem> pending, int keep, ref long tokens)
    {
        var shown = Shown(pending).ToList();
        var replies = shown.Where(i => IsReply(i.Item)).ToList();
        if (replies.Count <= keep)
        {
            return null;
        }

        var first = replies[^keep];
        var cut = new ViewCut(first.Position, [.. shown.TakeWhile(i => i.Position < first.Position).Where(i => IsSaid(i.Item)).Select(i => i.Position)]);
        var removed = _replies[((ViewItem.Stored)first.Item).Sequence] - _openingTokens - NoteTokens;
        tokens -= Math.Max(0, removed - _removed);
        _removed = Math.Max(removed, _removed);
        _items.RemoveRange(0, Math.Min(_items.Count, first.Position - _start));
        _start = first.Position;
        foreach (var gone in replies.SkipLast(keep))
        {
            _replies.Remove(((ViewItem.Stored)gone.Item).Sequence);
        }

        return cut;
    }

    IEnumerable<(int Position, ViewItem Item)> Shown(IReadOnlyList<ViewItem> pending) => _items
        .Select((item, i) => (_count - _items.Count + i, item))
        .Concat(pending.Select((item, i) => (_count + i, item)))
        .Where(i => i.Item1 >= _start);

    bool IsReply(ViewItem item) => item is ViewItem.Stored stored && _replies.ContainsKey(stored.Sequence);

    // What the loop said about a step (a ToolNote) goes with the step; what it said to the model as a user stays out too.
    bool IsSaid(ViewItem item) => item is ViewItem.Stored stored && _people.Contains(stored.Sequence);
}
