using Agents.Contracts.Pool;

namespace Agents.GpuWorker;

/// <summary>Beginnings that pools said this worker's server holds, kept for a pool that starts anew. The oldest gives way.</summary>
sealed class HeldBook
{
    public const int EntriesMax = 4_096;

    readonly LinkedList<HeldNote> _order = new();
    readonly Dictionary<string, LinkedListNode<HeldNote>> _places = new(StringComparer.Ordinal);

    public IReadOnlyList<HeldNote>? All => _order.Count == 0 ? null : [.. _order];

    public void Take(PoolAnswer answer)
    {
        foreach (var note in answer.Held ?? [])
        {
            Remove(note.Name);
            _places[note.Name] = _order.AddLast(note);
        }

        foreach (var name in answer.Released ?? [])
        {
            Remove(name);
        }

        while (_order.Count > EntriesMax)
        {
            Remove(_order.First!.Value.Name);
        }
    }

    public void Clear()
    {
        _order.Clear();
        _places.Clear();
    }

    void Remove(string name)
    {
        if (_places.Remove(name, out var place))
        {
            _order.Remove(place);
        }
    }
}
