using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.History;
using Agents.Contracts.Transcript;
using Agents.Loop;
using Agents.Loop.View;

namespace Agents.Worker.Transcripts;

/// <summary>A stored reply whose digest is not that of the view its history describes; "none: …" says why there is none.</summary>
public sealed record DigestMismatch(long Sequence, int TaskId, int Step, string? Stored, string Computed);

/// <summary>Checks that every model call of a stored run was answered on the view its history describes.</summary>
public static class PromptDigests
{
    /// <summary>Mismatches in the order of the history; empty when all agree. Replies without a digest are mismatches.</summary>
    /// <param name="history">One execution, from its first event, in order.</param>
    /// <param name="checkedCalls">How many replies were compared.</param>
    public static IReadOnlyList<DigestMismatch> Verify(IReadOnlyList<SequencedEvent> history, out int checkedCalls)
    {
        var events = new StoredEvents();
        events.Paged(history);
        var digests = new Dictionary<int, byte[]>();
        var mismatches = new List<DigestMismatch>();
        checkedCalls = 0;
        foreach (var (sequence, done) in history
            .Where(e => e.Event is TaskCompleted).Select(e => (e.Sequence, (TaskCompleted)e.Event)))
        {
            if (events.Task(done.TaskScheduledId) is not { Name: AgentRun.CallModel } task)
            {
                continue;
            }

            var call = ModelCallInput.Parse(task.Input);
            checkedCalls++;
            var computed = Compute(call, task.Input, events, digests, done.TaskScheduledId);
            var stored = JsonSerializer.Deserialize(done.Result ?? "null", ContractsJson.Default.ModelReply)?.PromptDigest;
            if (stored != computed)
            {
                mismatches.Add(new DigestMismatch(sequence, done.TaskScheduledId, call.Step, stored, computed));
            }
        }

        return mismatches;
    }

    // A call continues one that was answered before it, so the digest it builds on is here unless events are missing.
    static string Compute(
        ModelCallInput call, string text, StoredEvents events, Dictionary<int, byte[]> digests, int taskId)
    {
        byte[]? before = null;
        if (call.Previous is { } previous && !digests.TryGetValue(previous, out before))
        {
            return $"none: model call {previous}, which it continues, has no reply";
        }

        try
        {
            var digest = PromptChain.Next(before, text, PromptChain.Items(call, events));
            digests[taskId] = digest;
            return Convert.ToHexStringLower(digest);
        }
        catch (MissingItemException missing)
        {
            return $"none: {missing.What} is not in the history";
        }
    }
}
