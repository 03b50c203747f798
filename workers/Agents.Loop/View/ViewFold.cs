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

    readonly HashSet<int> _kept = [];
    int _start;

    /// <summary>Every item of the conversation, those that left the view included.</summary>
    public IReadOnlyList<ViewItem> Items => _items;

    /// <summary>Whether steps were taken out of the view: then a note stands behind the first item.</summary>
    public bool IsCut => _start > 0;

    /// <summary>Places of the items that are in view, in order.</summary>
    public IEnumerable<int> Shown => _start == 0
        ? Enumerable.Range(0, _items.Count)
        : [0, .. _kept.Order(), .. Enumerable.Range(_start, _items.Count - _start)];

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
        var kept = call.Cut?.Keep.Where(_kept.Add).ToArray() ?? [];
        _calls.Add(new Applied(taskId, _items.Count, hidden, _start, kept));
        _start = call.Cut?.Before ?? _start;
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
            _kept.ExceptWith(last.Kept);
            _start = last.StartBefore;
        }

        return true;
    }

    sealed record Applied(int TaskId, int ItemsBefore, long[] Hidden, int StartBefore, int[] Kept);
}
