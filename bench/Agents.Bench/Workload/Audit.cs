using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Worker.Transcripts;

namespace Agents.Bench.Workload;

/// <summary>
/// Reads every history again from the store: sequences without a gap, every activity with its one outcome, and the chain
/// of prompt digests computed anew from what is stored. A number from a store that lost something is worth nothing.
/// </summary>
static class Audit
{
    const int PageEvents = 4096;

    public sealed record Findings(int Histories, int Digests);

    public static async Task<Findings> RunAsync(IHistoryReader history, AgentRuns runs, IEnumerable<InstanceId> ids)
    {
        var histories = 0;
        var digests = 0;
        foreach (var id in ids)
        {
            var events = await ReadAsync(history, id);
            var outcomes = events.Count(e => e.Event is TaskCompleted);
            if (outcomes != runs.Steps * 2)
            {
                throw new InvalidOperationException($"run {id}: {outcomes} activities are stored, {runs.Steps * 2} were run");
            }

            var wrong = PromptDigests.Verify(events, out var compared);
            if (wrong.Count > 0)
            {
                throw new InvalidOperationException(
                    $"run {id}, model call {wrong[0].TaskId}: digest {wrong[0].Stored} is stored, the history gives {wrong[0].Computed}");
            }

            digests += compared;
            histories++;
        }

        return new Findings(histories, digests);
    }

    static async Task<List<SequencedEvent>> ReadAsync(IHistorySource history, InstanceId id)
    {
        List<SequencedEvent> all = [];
        while (await history.ReadAsync(id, 0, all.Count, PageEvents, CancellationToken.None) is { Count: > 0 } page)
        {
            foreach (var e in page)
            {
                if (e.Sequence != all.Count)
                {
                    throw new InvalidOperationException($"run {id}: event {e.Sequence} stands where {all.Count} belongs");
                }

                all.Add(e);
            }
        }

        return all;
    }
}
