using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Effects;

/// <summary>What an attempt at an AtMostOnce effect came to, said after nobody waits for it any more.</summary>
public sealed record LateOutcome(
    InstanceId InstanceId, ExecutionId ExecutionId, int TaskId, EffectIntent Effect, string AttemptToken, ActivityMode Mode,
    ActivityOutcome Outcome);

/// <summary>
/// Keeps late outcomes: whoever owns the run now hears of one through the inbox; the ledger of a finished run is settled
/// directly. Histories are left alone.
/// </summary>
internal sealed class Evidence(NodeServices node)
{
    /// <summary>Whether it says anything that the ledger has a place for.</summary>
    public static EffectVerdict? VerdictOf(LateOutcome late) => late.Outcome switch
    {
        _ when late.Effect.Class != EffectClass.AtMostOnce => null,
        ActivityOutcome.Completed => EffectVerdict.Happened,

        // Of the attempt itself only: a probe that was cut short knows nothing of the attempt it asked about.
        ActivityOutcome.NotStarted when late.Mode == ActivityMode.Execute => EffectVerdict.DidNotHappen,
        _ => null,
    };

    /// <summary>Kept when this returns. Throws what a store that takes no writes throws; the same word again is no other word.</summary>
    public async Task KeepAsync(LateOutcome late)
    {
        if (VerdictOf(late) is not { } verdict)
        {
            return;
        }

        var result = (late.Outcome as ActivityOutcome.Completed)?.Result;
        var word = new EffectResolution(late.Effect.Key, verdict, result, EffectResolution.Executor, late.AttemptToken);
        var now = node.Clock.GetUtcNow();
        var message = new InboxMessage(
            InboxKind.EffectResolution,
            JsonSerializer.SerializeToUtf8Bytes(word, ContractsJson.Plain.EffectResolution),
            DedupKey: $"evidence {late.AttemptToken} {verdict}");
        var sent = await node.Committer.SubmitAsync(new InboxSend(late.InstanceId, message, now));
        if (sent is WriteOutcome.Sent { Outcome: SendOutcome.Accepted or SendOutcome.AlreadyAccepted })
        {
            node.Wake(late.InstanceId);
            return;
        }

        await node.Committer.SubmitAsync(new EvidenceWrite(new LedgerEntry
        {
            Key = late.Effect.Key,
            InstanceId = late.InstanceId,
            ExecutionId = late.ExecutionId,
            TaskId = late.TaskId,
            Tool = late.Effect.Tool,
            State = verdict == EffectVerdict.Happened ? LedgerState.Receipt : LedgerState.Absent,
            AttemptToken = late.AttemptToken,
            IntentAt = now,
            Receipt = result,
            Evidence = "executor, after the run had moved on",
            SettledAt = now,
        }));
    }
}
