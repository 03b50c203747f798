using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Engine.History;
using Agents.Engine.Store;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Agents.StoreContract;

/// <summary>
/// What every store promises. A test is written once, names its promise, and runs on each store through a sealed
/// subclass (see Subjects.cs).
/// </summary>
public abstract class StoreContract<TSubject> : IAsyncLifetime where TSubject : StoreSubject, new()
{
    protected const string Node = "node-1";
    protected const int Bound = HistoryCodec.PayloadBytesMaxDefault;

    long _ids;

    protected FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    protected TSubject Subject { get; } = new();

    protected IEngineStore Store { get; private set; } = null!;

    protected DateTimeOffset Now => Clock.GetUtcNow();

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        Store = Subject.Open(Clock);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (Store is null)
        {
            return;   // it never began: there is no server to try
        }

        // Whatever a test did, the store must hold together afterwards.
        var breaches = await Store.Admin.VerifyAsync(CancellationToken.None);
        await Store.DisposeAsync();
        Subject.Dispose();
        Assert.Empty(breaches);
        GC.SuppressFinalize(this);
    }

    protected string NewExecutionId() => (++_ids).ToString("x32", System.Globalization.CultureInfo.InvariantCulture);

    protected async Task<WriteOutcome> WriteAsync(StoreWrite write) => Assert.Single(await Store.Writes.WriteAsync([write], Cancel));

    protected InstanceStart NewStart(string id, string digest = "digest") => new()
    {
        InstanceId = id,
        ExecutionId = NewExecutionId(),
        Name = "AgentRun",
        RequestDigest = digest,
        Now = Now,
        Inbox = [Message(new ExecutionStarted { Name = "AgentRun", InstanceId = id, ExecutionId = "x", Input = $"input of {id}" })],
    };

    protected async Task<WriteOutcome.Started> StartAsync(InstanceStart start) =>
        Assert.IsType<WriteOutcome.Started>(await WriteAsync(start));

    protected async Task<InstanceRecord> ClaimAsync(long key, long epoch, string node = Node) =>
        Assert.IsType<WriteOutcome.Claimed>(await WriteAsync(new InstanceClaim(key, epoch, node, Now))).Instance
        ?? throw new InvalidOperationException($"instance {key} was not to be had under epoch {epoch}");

    /// <summary>Started, claimed by this node, its start event still in the inbox.</summary>
    protected async Task<InstanceRecord> OwnedAsync(string id)
    {
        var started = await StartAsync(NewStart(id));
        Assert.Equal(StartOutcome.Started, started.Outcome);
        return await ClaimAsync(started.InstanceKey, 0);
    }

    /// <summary>Owned, with <paramref name="commits"/> commits of two events each.</summary>
    protected async Task<InstanceRecord> WithHistoryAsync(string id, int commits)
    {
        var owned = await OwnedAsync(id);
        for (var i = 0; i < commits; i++)
        {
            Assert.IsType<WriteOutcome.Committed>(await WriteAsync(Turn(owned, 2 * i)));
        }

        return owned with { NextSequence = 2 * commits };
    }

    protected InstanceCommit Turn(InstanceRecord owned, long sequence, params HistoryEvent[] events)
    {
        HistoryEvent[] usual = [new OrchestratorStarted { Timestamp = Now }, new EventRaised { Name = $"event {sequence}" }];
        var encoded = HistoryCodec.Encode(events.Length == 0 ? usual : events, Bound);
        return Empty(owned, sequence) with
        {
            EventCount = encoded.Count, Events = encoded.Bytes, Payloads = encoded.Payloads,
        };
    }

    /// <summary>A commit that appends nothing.</summary>
    protected InstanceCommit Empty(InstanceRecord owned, long sequence) => new()
    {
        InstanceKey = owned.Key,
        ExecutionKey = owned.Execution.Key,
        OwnerEpoch = owned.OwnerEpoch,
        ExpectedSequence = sequence,
        CommitId = ++_ids,
        Now = Now,
    };

    protected async Task CompleteAsync(InstanceRecord owned, long sequence) =>
        Assert.IsType<WriteOutcome.Committed>(await WriteAsync(Turn(owned, sequence) with
        {
            Status = new StatusChange(Contracts.Instances.OrchestrationStatus.Completed, "output"), Release = true,
        }));

    protected InboxMessage Message(HistoryEvent e, string? dedup = null, DateTimeOffset? visibleAt = null)
    {
        var encoded = HistoryCodec.EncodeOne(e, Bound);
        return new InboxMessage(InboxKind.HistoryEvent, encoded.Bytes, null, dedup, visibleAt) { Payloads = encoded.Payloads };
    }

    protected async Task<WriteOutcome.Sent> SendAsync(string id, HistoryEvent e, string? dedup = null, DateTimeOffset? at = null) =>
        Assert.IsType<WriteOutcome.Sent>(await WriteAsync(new InboxSend(id, Message(e, dedup, at), Now)));

    protected Task<IReadOnlyList<InboxRow>> InboxAsync(long key) => Store.Owner.ReadInboxAsync(key, Now, 100, Cancel);

    protected async Task<InstanceRecord> FindAsync(string id) =>
        await Store.Queries.FindAsync(id, Cancel) ?? throw new InvalidOperationException($"{id} is not there");

    /// <summary>Names of the raised events of an execution, in order; each event must stand at its place.</summary>
    protected async Task<List<string>> EventsAsync(long executionKey, long from = 0)
    {
        var names = new List<string>();
        var next = from;
        foreach (var row in await Store.Owner.ReadHistoryAsync(executionKey, from, long.MaxValue, Cancel))
        {
            var events = HistoryCodec.Decode(row.Bytes, null, []);
            Assert.Equal(row.Count, events.Count);
            Assert.Equal(next, row.FirstSequence + row.Skip);
            names.AddRange(events.Skip(row.Skip).Take(row.Take).OfType<EventRaised>().Select(e => e.Name));
            next = row.FirstSequence + row.Skip + row.Take;
        }

        return names;
    }

    protected LedgerEntry Entry(InstanceRecord owned, string key, string token, LedgerState state = LedgerState.Intent) => new()
    {
        Key = key,
        InstanceId = owned.InstanceId,
        ExecutionId = owned.Execution.ExecutionId,
        TaskId = 3,
        Tool = "append",
        State = state,
        AttemptToken = token,
        IntentAt = Now,
    };
}
