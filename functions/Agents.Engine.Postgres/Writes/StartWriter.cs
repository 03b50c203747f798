using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine.Postgres.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Postgres.Writes;

/// <summary>Creates instances, or says why an id is not to be had.</summary>
internal sealed class StartWriter(TimeSpan dedupWindow)
{
    public void Add(Pipeline pipeline, InstanceStart start, Guard? guard, Action<WriteOutcome> tell)
    {
        var replaces = start.ReplaceTerminal || start.ReplaceFinishedChild;
        var made = pipeline.NextSlot();
        if (replaces)
        {
            pipeline.Add(
                pipeline.Call("LockLineage").Bind(true).Bind(start.InstanceId).Bind((long?)null), static _ => { });
            pipeline.Add(
                pipeline.Call("Remove").Bind(start.InstanceId).Bind(start.ReplaceTerminal).Bind(start.ParentInstanceId).Bind(guard),
                static _ => { });
        }

        if (start.LineageKey is { } lineage)
        {
            pipeline.Add(pipeline.Call("LockLineage").Bind(false).Bind((string?)null).Bind((long?)lineage), static _ => { });
        }

        pipeline.Add(Create(pipeline, start, guard, made, replaces));
        Answer(pipeline, start, made, replaces, tell);
        if (start.OnClash is { } clash)
        {
            InboxWriter.Send(pipeline, clash, guard, new InboxWriter.UnlessMade(made, start.InstanceId), static _ => { });
        }
    }

    void Answer(Pipeline pipeline, InstanceStart start, int made, bool replaces, Action<WriteOutcome> tell)
    {
        tell(new WriteOutcome.Refused($"{start.InstanceId}: it was removed while it was being started; start it again"));
        pipeline.Add(
            pipeline.Call("FindForStart").Bind(made).Bind(start.InstanceId).Bind(start.Now - dedupWindow).Bind(replaces),
            row =>
            {
                var outcome = row.GetBoolean(2) ? StartOutcome.Started
                    : start.OnClash is null && row.Text(1) == start.RequestDigest ? StartOutcome.AlreadyStarted
                    : StartOutcome.Conflict;
                tell(new WriteOutcome.Started(outcome, row.Long(0)));
            });
    }

    Call Create(Pipeline pipeline, InstanceStart start, Guard? guard, int made, bool replaces)
    {
        var tags = start.Tags ?? new Dictionary<string, string>();
        var inbox = start.Inbox.Where((message, i) => message.DedupKey is null
            || start.Inbox.Take(i).All(earlier => earlier.DedupKey != message.DedupKey)).ToList();
        PayloadRow[] payloads = [.. start.Payloads, .. inbox.SelectMany(message => message.Payloads)];

        // Without an inbox row nothing else would wake it.
        var wake = start.Inbox.Count == 0 ? start.ScheduledStart ?? start.Now : (DateTimeOffset?)null;
        var call = pipeline.Call("AddInstance").Bind(guard).Bind(start.InstanceId).Bind(replaces).Bind(start.Now - dedupWindow)
            .Bind(start.LineageKey).Bind(start.Cut?.ParentExecutionKey).Bind(start.Name).Bind(start.Version)
            .Bind(start.ParentInstanceId).Bind(start.RequestDigest).Bind(start.Now).Bind(made).Bind(start.ExecutionId)
            .Bind(start.Generation).Bind(start.Cut?.Sequence).Bind(start.IdentitySeed ?? start.ExecutionId)
            .Bind((int)OrchestrationStatus.Pending).Bind(wake)
            .Bind(tags.Select(tag => tag.Key)).Bind(tags.Select(tag => tag.Value))
            .Bind(inbox.Select(message => message.DedupKey)).Bind(inbox.Select(message => (int)message.Kind))
            .Bind(inbox.Select(message => (message.VisibleAt ?? start.ScheduledStart)?.UtcTicks ?? 0L))
            .Bind(inbox.Select(message => message.ExecutionId)).Bind(inbox.Select(message => message.Body));
        return InboxWriter.Payloads(call, payloads);
    }
}
