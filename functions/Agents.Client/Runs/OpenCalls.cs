using Agents.Client.Progress;
using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;

namespace Agents.Client.Runs;

/// <summary>Tool calls of a run that have no result: what they wait for stands in the stream, not in the history.</summary>
sealed class OpenCalls
{
    readonly Dictionary<int, (long Sequence, int Call)> _open = [];

    public void See(long sequence, HistoryEvent e)
    {
        switch (e)
        {
            case TaskScheduled { Name: Activities.RunTool } s when CallInput.Read(s.Input) is { Message: not null } input:
                _open[s.EventId] = (sequence, input.Call);
                break;
            case TaskCompleted c:
                _open.Remove(c.TaskScheduledId);
                break;
            case TaskFailed f:
                _open.Remove(f.TaskScheduledId);
                break;
            default:
                break;
        }
    }

    public async Task<IReadOnlyList<PendingCall>> WithWaitsAsync(
        InstanceView view, IReadOnlyList<PendingCall> pending, IHistoryReader history, CancellationToken cancel)
    {
        if (_open.Count == 0)
        {
            return pending;
        }

        var waits = new Dictionary<int, string>();
        var from = new StreamOffset(view.Generation, _open.Values.Min(o => o.Sequence), 0, 0);
        await foreach (var item in history.ReadShownAsync(new InstanceId(view.InstanceId), from, cancel))
        {
            if (item is StreamItem.Delta { Kind: StreamDelta.Waiting } delta && _open.ContainsKey(delta.TaskId))
            {
                waits[delta.TaskId] = delta.Text;
            }
            else if (item is StreamItem.Retract retract)
            {
                waits.Remove(retract.TaskId);
            }
        }

        return waits.Count == 0
            ? pending
            : [.. pending.Select(p => p with { Waits = waits.Where(w => _open[w.Key].Call == p.Call).Select(w => w.Value).FirstOrDefault() })];
    }
}
