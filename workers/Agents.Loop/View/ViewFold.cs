namespace Agents.Loop.View;

/// <summary>
/// The conversation as the model sees it, folded from the chain of model call inputs that the loop wrote: the only
/// fold there is. It goes by what each call names and never by the order of the history: results arrive in completion
/// order, and a person's message may be stored between two of them.
/// </summary>
public sealed class ViewFold
{
    readonly List<ViewItem> _items = [];
    readonly HashSet<long> _hidden = [];
    readonly List<Applied> _calls = [];

    public IReadOnlyList<ViewItem> Items => _items;

    /// <summary>Task id of the last call applied; null before the first.</summary>
    public int? LastCall => _calls.Count == 0 ? null : _calls[^1].TaskId;

    public bool IsHidden(long sequence) => _hidden.Contains(sequence);

    public int HiddenCount => _hidden.Count;

    /// <summary>Adds what the call brought. It must continue the last call applied.</summary>
    public void Apply(int taskId, ModelCallInput call)
    {
        if (call.Previous != LastCall)
        {
            throw new InvalidOperationException(
                $"model call {taskId} continues call {call.Previous?.ToString() ?? "none"}, the view stands at {LastCall?.ToString() ?? "none"}");
        }

        var hidden = call.Hidden.Where(_hidden.Add).ToArray();
        _calls.Add(new Applied(taskId, _items.Count, hidden));
        _items.AddRange(call.Appended);
    }

    /// <summary>
    /// Goes back to the state after <paramref name="taskId"/> (null: the empty view), for a call that is made again.
    /// False, and nothing changes, when that call is not part of this view.
    /// </summary>
    public bool ReturnTo(int? taskId)
    {
        var keep = taskId is null ? 0 : _calls.FindLastIndex(c => c.TaskId == taskId) + 1;
        if (taskId is not null && keep == 0)
        {
            return false;
        }

        while (_calls.Count > keep)
        {
            var last = _calls[^1];
            _calls.RemoveAt(_calls.Count - 1);
            _items.RemoveRange(last.ItemsBefore, _items.Count - last.ItemsBefore);
            _hidden.ExceptWith(last.Hidden);
        }

        return true;
    }

    sealed record Applied(int TaskId, int ItemsBefore, long[] Hidden);
}
