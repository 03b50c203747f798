using System.Runtime.CompilerServices;
using System.Text.Json;
using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.History;
using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Live;

/// <summary>
/// Merges history events and delta rows into the run's one ordered stream. Order is commit order, fixed by where a
/// delta row stands behind which event, so that a place always names the same bytes. Only committed rows are read.
/// </summary>
internal sealed class RunStream(NodeServices node, HistorySource history)
{
    const int PageMax = 1_000;
    const int TaskPageMax = 8;

    public async IAsyncEnumerable<StreamItem> ReadAsync(
        InstanceId id, StreamOffset? after, bool follow, [EnumeratorCancellation] CancellationToken cancel)
    {
        var at = after;
        while (true)
        {
            var changed = node.Live.NextCommit(id);
            var atMost = await node.Live.ListenAsync(id, cancel);
            var record = await node.Store.Queries.FindAsync(id, cancel);
            if (record is null)
            {
                yield break;
            }

            var position = at ?? new StreamOffset(await FirstGenerationAsync(record, cancel), -1, 0, 0);
            var page = await PageAsync(record, position, cancel);
            foreach (var item in page)
            {
                at = item.Offset;
                yield return item;
            }

            if (page.Count > 0)
            {
                continue;
            }

            if (position.Generation < record.Execution.Generation)
            {
                at = new StreamOffset(position.Generation + 1, -1, 0, 0);
                continue;
            }

            if (!follow || record.Status.IsTerminal())
            {
                yield break;
            }

            await changed.WaitAsync(atMost, node.Clock, cancel);
        }
    }

    async Task<int> FirstGenerationAsync(InstanceRecord record, CancellationToken cancel)
    {
        var executions = await node.Store.Queries.ListExecutionsAsync(record.Key, cancel);
        return executions.Count == 0 ? record.Execution.Generation : executions.Min(e => e.Generation);
    }

    async Task<List<StreamItem>> PageAsync(InstanceRecord record, StreamOffset after, CancellationToken cancel)
    {
        var id = new InstanceId(record.InstanceId);

        // Events first: a delta row committed after this read stands behind an event we may not have, and waits.
        var events = await history.ReadAsync(id, after.Generation, after.Sequence + 1, PageMax, cancel);
        var last = events.Count > 0 ? events[^1].Sequence : after.Sequence;
        var deltas = await node.Store.Owner.ReadDeltasAsync(
            record.Key, after.Generation, after.Sequence, after.Delta, PageMax, cancel);
        var items = new List<StreamItem>();
        var next = 0;
        foreach (var delta in deltas.Where(d => d.AfterSequence <= last))
        {
            while (next < events.Count && events[next].Sequence <= delta.AfterSequence)
            {
                items.Add(await EventAsync(record, after.Generation, events[next++], cancel));
            }

            items.Add(await DeltaAsync(record, after.Generation, delta, cancel));
        }

        // A full page of deltas may have more behind events that come later: those events wait for them.
        if (deltas.Count < PageMax)
        {
            while (next < events.Count)
            {
                items.Add(await EventAsync(record, after.Generation, events[next++], cancel));
            }
        }

        return items;
    }

    async Task<StreamItem> EventAsync(InstanceRecord record, int generation, SequencedEvent e, CancellationToken cancel)
    {
        if (e.Event is TaskScheduled s)
        {
            _scheduled[s.EventId] = e.Sequence;
        }

        var shown = e.Event is TaskCompleted c ? await ShownAsync(record, generation, c, e.Sequence, cancel) : null;
        return new StreamItem.Event(new StreamOffset(generation, e.Sequence, 0, 0), e.Event, shown);
    }

    /// <summary>Characters of each kind that delta rows of the attempt that made this message gave before it.</summary>
    async Task<IReadOnlyDictionary<string, int>?> ShownAsync(
        InstanceRecord record, int generation, TaskCompleted completed, long sequence, CancellationToken cancel)
    {
        Dictionary<string, int>? shown = null;
        await foreach (var delta in RowsOfAsync(record, generation, sequence, completed.TaskScheduledId, cancel))
        {
            if (delta.Kind is StreamDelta.Retract or StreamDelta.Waiting)
            {
                shown = null;
                continue;
            }

            shown ??= [];
            shown[delta.Kind] = Math.Max(shown.GetValueOrDefault(delta.Kind), delta.Start + delta.Length);
        }

        return shown;
    }

    async IAsyncEnumerable<StoredDelta> RowsOfAsync(
        InstanceRecord record, int generation, long before, int taskId, [EnumeratorCancellation] CancellationToken cancel)
    {
        // Rows of a task stand between its schedule and its result; most tasks have none and this is one empty read.
        var scheduled = await ScheduledSequenceAsync(record, generation, before, taskId, cancel);
        // Small pages: what follows in the table belongs to later tasks, and reading a thousand of those for every
        // result made reading a stream quadratic.
        var (after, row) = (scheduled - 1, 0);
        while (await node.Store.Owner.ReadDeltasAsync(record.Key, generation, after, row, TaskPageMax, cancel)
            is { Count: > 0 } page)
        {
            foreach (var delta in page)
            {
                if (delta.AfterSequence >= before)
                {
                    yield break;
                }

                if (delta.TaskId == taskId)
                {
                    yield return delta;
                }
            }

            (after, row) = (page[^1].AfterSequence, page[^1].Row);
        }
    }

    readonly Dictionary<int, long> _scheduled = [];

    async Task<long> ScheduledSequenceAsync(
        InstanceRecord record, int generation, long before, int taskId, CancellationToken cancel)
    {
        if (_scheduled.Remove(taskId, out var known))
        {
            return known;
        }

        // Joined in the middle: look back page by page for the schedule.
        for (var from = Math.Max(0, before - PageMax); ; from = Math.Max(0, from - PageMax))
        {
            var page = await history.ReadAsync(new InstanceId(record.InstanceId), generation, from, PageMax, cancel);
            foreach (var e in page)
            {
                if (e.Event is TaskScheduled s && s.EventId == taskId)
                {
                    return e.Sequence;
                }
            }

            if (from == 0)
            {
                return 0;
            }
        }
    }

    async Task<StreamItem> DeltaAsync(InstanceRecord record, int generation, StoredDelta delta, CancellationToken cancel)
    {
        var offset = new StreamOffset(generation, delta.AfterSequence, delta.Row, 0);
        if (delta.Kind == "retract")
        {
            return new StreamItem.Retract(offset, delta.TaskId, delta.Attempt);
        }

        var text = delta.Text ?? await SliceAsync(record, generation, delta, cancel);
        return new StreamItem.Delta(offset, delta.TaskId, delta.Attempt, delta.Kind, text);
    }

    /// <summary>A folded row: its text is the same characters of the message it became a part of.</summary>
    async Task<string> SliceAsync(InstanceRecord record, int generation, StoredDelta delta, CancellationToken cancel)
    {
        var found = await history.ReadAsync(
            new InstanceId(record.InstanceId), generation, delta.MessageSequence ?? 0, 1, cancel);
        if (found.Count == 0 || found[0].Event is not TaskCompleted { Result: { } result })
        {
            throw new Instances.InvariantException($"the message of folded text at {delta.MessageSequence} is not there");
        }

        using var message = JsonDocument.Parse(result);
        var whole = message.RootElement.TryGetProperty(delta.Kind, out var text) ? text.GetString() ?? "" : "";
        return whole.Substring(delta.Start, delta.Length);
    }
}
