using Agents.Contracts.History;
using Agents.Engine.Store;

namespace Agents.Engine.History;

/// <summary>Reads stored rows as events: payloads put back, and a fork's start event under the fork's own identity.</summary>
internal sealed class HistoryPages(IOwnerStore store)
{
    const long PageBytes = 4 * 1024 * 1024;

    /// <summary>What is fetched for each event asked for: a few events must not cost a page of rows.</summary>
    const long BytesPerEvent = 8 * 1024;

    /// <summary>
    /// Events of an execution from a sequence on, at most <paramref name="max"/> and about 4 MiB of rows; empty at the end.
    /// </summary>
    public async Task<IReadOnlyList<SequencedEvent>> ReadAsync(
        ExecutionRecord execution, long lineageKey, string instanceId, long from, CancellationToken cancel,
        int max = int.MaxValue)
    {
        var bytes = max == 1 ? 1 : Math.Min(PageBytes, max * BytesPerEvent);
        var rows = await store.ReadHistoryAsync(execution.Key, from, bytes, cancel);
        var events = new List<SequencedEvent>();
        foreach (var row in rows)
        {
            if (events.Count >= max)
            {
                break;
            }

            if (await DecodeAsync(execution, row, lineageKey, cancel) is not { } decoded)
            {
                break;
            }

            for (var i = row.Skip; i < row.Skip + row.Take && events.Count < max; i++)
            {
                var sequence = row.FirstSequence + i;
                if (sequence >= from)
                {
                    events.Add(new SequencedEvent(sequence, Own(decoded[i], execution, instanceId)));
                }
            }
        }

        return events;
    }

    /// <summary>Null: the run was removed while it was read.</summary>
    async Task<IReadOnlyList<HistoryEvent>?> DecodeAsync(
        ExecutionRecord execution, HistoryRow row, long lineageKey, CancellationToken cancel)
    {
        var missing = new List<string>();
        var events = HistoryCodec.Decode(row.Bytes, null, missing);
        if (missing.Count == 0)
        {
            return events;
        }

        var stored = await store.ReadPayloadsAsync(lineageKey, missing, cancel);
        var payloads = stored.ToDictionary(p => p.Key, p => HistoryCodec.ReadPayload(p.Value));
        missing.Clear();
        events = HistoryCodec.Decode(row.Bytes, payloads, missing);
        if (missing.Count == 0)
        {
            return events;
        }

        // Rows and payloads are read one after the other; a run is removed with both.
        return await store.ReadHistoryAsync(execution.Key, row.FirstSequence + row.Skip, 1, cancel) is []
            ? null
            : throw new Instances.InvariantException(
                $"payload {missing[0]} of the events at {row.FirstSequence} is not in the store");
    }

    static HistoryEvent Own(HistoryEvent e, ExecutionRecord execution, string instanceId) =>
        e is ExecutionStarted s && s.ExecutionId != execution.ExecutionId
            ? s with { ExecutionId = execution.ExecutionId, InstanceId = instanceId, Generation = execution.Generation }
            : e;
}
