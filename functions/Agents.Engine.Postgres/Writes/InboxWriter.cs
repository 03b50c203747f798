using Agents.Contracts.Client;
using Agents.Engine.Postgres.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Postgres.Writes;

/// <summary>Puts rows into inboxes.</summary>
internal static class InboxWriter
{
    /// <summary>A message about a start is sent only where that start did not make its instance.</summary>
    public sealed record UnlessMade(int Slot, string InstanceId);

    public static void Send(
        Pipeline pipeline, InboxSend send, Guard? guard, UnlessMade? unless, Action<WriteOutcome> tell)
    {
        tell(new WriteOutcome.Sent(SendOutcome.NotFound, 0));
        var call = pipeline.Call("Send").Bind(send.InstanceId).Bind(guard).Bind(unless?.Slot).Bind(unless?.InstanceId);
        pipeline.Add(Message(call, send.Message), row =>
        {
            var (finished, added, known) = (row.GetBoolean(1), row.GetBoolean(2), row.GetBoolean(3));
            var outcome = added ? SendOutcome.Accepted
                : finished && !known ? SendOutcome.Finished
                : SendOutcome.AlreadyAccepted;
            tell(new WriteOutcome.Sent(outcome, row.Long(0)));
        });
    }

    public static Call Add(Call call, long instance, Guard? guard, InboxMessage message) =>
        Message(call.Bind(instance).Bind(guard), message);

    public static Call Payloads(Call call, IReadOnlyList<PayloadRow> payloads) => call
        .Bind(payloads.Select(payload => payload.Hash))
        .Bind(payloads.Select(payload => payload.Length))
        .Bind(payloads.Select(payload => payload.Compressed));

    static Call Message(Call call, InboxMessage message) => Payloads(
        call.Bind(message.DedupKey).Bind((int)message.Kind).Bind(message.VisibleAt?.UtcTicks ?? 0).Bind(message.ExecutionId)
            .Bind(message.Body),
        message.Payloads);
}
