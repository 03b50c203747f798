using Agents.Contracts.Actions;

namespace Agents.Replay.Session;

/// <summary>Actions of the current turn, in id order. History names them in that order too, so taking is from the front.</summary>
internal sealed class PendingActions
{
    // A fan-out may grow the list once; a hot session should not keep that memory.
    const int CapacityKeptMax = 32;

    readonly List<PendingAction> _items = [];
    int _taken;

    public int Count => _items.Count - _taken;

    public OrchestratorAction First => _items[_taken].Action;

    public void Add(OrchestratorAction action, bool versionIsDefault = false) =>
        _items.Add(new PendingAction(action, versionIsDefault));

    public bool TryTake(int id, out PendingAction taken)
    {
        for (var i = _taken; i < _items.Count; i++)
        {
            if (_items[i].Action.Id != id)
            {
                continue;
            }

            taken = _items[i];
            if (i == _taken)
            {
                _taken++;
            }
            else
            {
                _items.RemoveAt(i);
            }

            return true;
        }

        taken = default;
        return false;
    }

    /// <summary>A terminated orchestration starts nothing more; what it sent before stays sent.</summary>
    public void KeepOnlySends()
    {
        _items.RemoveRange(0, _taken);
        _taken = 0;
        _items.RemoveAll(static p => p.Action is not SendEventAction);
    }

    public void Replace(OrchestratorAction old, OrchestratorAction changed)
    {
        var at = _items.FindIndex(_taken, p => ReferenceEquals(p.Action, old));
        _items[at] = new PendingAction(changed);
    }

    public OrchestratorAction[] TakeAll()
    {
        var actions = Count == 0 ? [] : new OrchestratorAction[Count];
        for (var i = 0; i < actions.Length; i++)
        {
            actions[i] = _items[_taken + i].Action;
        }

        Clear();
        return actions;
    }

    public void Clear()
    {
        _items.Clear();
        _taken = 0;
        if (_items.Capacity > CapacityKeptMax)
        {
            _items.Capacity = CapacityKeptMax;
        }
    }
}
