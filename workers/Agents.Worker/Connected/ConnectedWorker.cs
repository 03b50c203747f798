using System.Collections.Concurrent;
using Agents.Client.DurableTask;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Loop;
using Agents.Tools.Effects;
using Agents.Worker.DurableTask;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Agents.Worker.Connected;

/// <summary>
/// Does the work of agent runs that an engine in another process hosts: the same code behind the same seam as in one
/// process, driven over the network. Kept executions make a turn cost what is new in it; the engine's ledger has the last
/// word before an effect; what becomes of an attempt is said until it is heard.
/// </summary>
public sealed class ConnectedWorker(
    TaskHubConnection hub, AgentWorker worker, AttemptRecords records, KeptExecutions kept, TimeProvider clock, ILogger log)
{
    static readonly TimeSpan s_againMin = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan s_againMax = TimeSpan.FromSeconds(10);

    /// <summary>For attempts to end once the process is told to.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    readonly ConcurrentDictionary<string, RemoteAttempt> _byDelivery = new();
    readonly ConcurrentDictionary<string, Task<ActivityOutcome>> _acting = new();
    readonly TurnRunner _turns = new(hub.Work, worker.Orchestrators, kept, clock)
    {
        TellsDivergence = true,
        ReadPast = (turn, cancel) => ReadAllAsync(hub.Attempts, turn, cancel),
    };

    public required int ActivitiesMax { get; init; }

    /// <summary>Names this process, after the place of its records.</summary>
    public required string Name { get; init; }

    /// <summary>Bytes of the work items that came.</summary>
    public long ReceivedBytes => hub.Work.ReceivedBytes;

    /// <summary>
    /// Serves until cancelled; attempts are asked to stop then, and their outcomes told. Throws what the service refuses for
    /// good: no key, no right to the hub.
    /// </summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var offer = new WorkOffer
        {
            TurnsMax = ActivitiesMax, ActivitiesMax = ActivitiesMax, Key = $"{records.Place}/{Name}", KeepsExecutions = true,
            RunsAgents = true, Orchestrators = [(AgentRun.Name, AgentRun.Version)], Activities = [AgentRun.CallModel, AgentRun.RunTool],
        };
        var open = new ConcurrentDictionary<Task, bool>();
        await using var stops = cancel.UnsafeRegister(_ => StopAll(), null);
        await WorkLoop.RunAsync(
            hub.Work, offer,
            item =>
            {
                var done = DoAsync(item, cancel);
                open[done] = true;
                return done.ContinueWith(t => open.TryRemove(t, out _), TaskScheduler.Default);
            },
            clock, cancel);
        await Task.WhenAny(Task.WhenAll(open.Keys), Task.Delay(s_patience, clock, CancellationToken.None));
    }

    void StopAll()
    {
        foreach (var attempt in _byDelivery.Values)
        {
            attempt.Stop();
        }
    }

    async Task DoAsync(TakenItem item, CancellationToken cancel)
    {
        await Task.Yield(); // the stream goes on while this is done
        try
        {
            switch (item)
            {
                case TakenTurn turn:
                    await _turns.RunAsync(turn, cancel);
                    break;
                case TakenAttempt attempt:
                    await AttemptAsync(attempt);
                    break;
                case StoppedAttempt stopped when _byDelivery.TryGetValue(stopped.Token, out var running):
                    running.Stop();
                    break;
                default:
                    break;
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            Log.NotHeard(log, item.InstanceId, e.Message);
            await LetGoAsync(item);
        }
        catch (Exception e)
        {
            Log.WorkFault(log, e, item.InstanceId);
            await LetGoAsync(item);
        }
    }

    /// <summary>
    /// A turn has a lease, and is handed out again by itself. An attempt is this worker's as long as its stream lives: without
    /// a word of it nobody would ever look at its run again.
    /// </summary>
    async Task LetGoAsync(TakenItem item)
    {
        if (item is not TakenAttempt)
        {
            return;
        }

        try
        {
            await hub.Work.GiveBackAsync(item, CancellationToken.None);
        }
        catch (RpcException e)
        {
            Log.NotHeard(log, item.InstanceId, e.Message); // its stream is broken as well: that says the same
        }
    }

    async Task AttemptAsync(TakenAttempt item)
    {
        var context = new RemoteAttempt(item, hub.Attempts, records, clock);
        _byDelivery[item.Token] = context;
        try
        {
            var outcome = await OutcomeAsync(item, context);
            await context.TextIsOutAsync();
            await TellAsync(item, outcome);
        }
        finally
        {
            context.Settle();
            _byDelivery.TryRemove(item.Token, out _);
        }
    }

    async Task<ActivityOutcome> OutcomeAsync(TakenAttempt item, RemoteAttempt context)
    {
        var work = item.Work;
        if (work.Effect is not { Class: EffectClass.AtMostOnce })
        {
            return await RunAsync(work, context);
        }

        if (work.Mode == ActivityMode.Execute)
        {
            var running = RunAsync(work, context);
            _acting[work.AttemptToken] = running;
            return await running;
        }

        // The attempt that is asked about may be under way in this very process, whose connection was cut meanwhile.
        return _acting.TryGetValue(work.AttemptToken, out var acting)
            ? Found(await acting)
            : await RunAsync(work with { PredecessorGone = records.IsGone(work.AttemptToken) }, context);
    }

    static ActivityOutcome Found(ActivityOutcome earlier) => earlier switch
    {
        ActivityOutcome.Failed failed => new ActivityOutcome.Absent($"its executor failed before acting: {failed.Failure.ErrorMessage}"),
        ActivityOutcome.NotStarted => new ActivityOutcome.Absent("its executor did not act"),
        var other => other,
    };

    async Task<ActivityOutcome> RunAsync(ActivityWorkItem work, RemoteAttempt context)
    {
        try
        {
            return await worker.Activities.RunAsync(work, context, context.Stopped);
        }
        catch (Exception e) when (context.IsOnce)
        {
            return context.HasActed
                ? new ActivityOutcome.InDoubt($"the attempt ended without an outcome: {e.Message}")
                : new ActivityOutcome.NotStarted();
        }
        catch (OperationCanceledException) when (context.Stopped.IsCancellationRequested)
        {
            return new ActivityOutcome.NotStarted();
        }
        catch (Exception e)
        {
            return work.Mode == ActivityMode.Reconcile
                ? new ActivityOutcome.InDoubt($"the probe failed: {e.Message}")
                : new ActivityOutcome.Failed(FailureDetails.From(e));
        }
    }

    /// <summary>Said again until the engine has kept it, whoever owns the run by then, and also while the key or the hub is refused: that may be mended. Throws where the outcome itself is what cannot be taken.</summary>
    async Task TellAsync(TakenAttempt item, ActivityOutcome outcome)
    {
        for (var wait = s_againMin; ; wait = wait * 2 > s_againMax ? s_againMax : wait * 2)
        {
            try
            {
                await hub.Attempts.SettleAsync(item, outcome, CancellationToken.None);
                break;
            }
            catch (RpcException e) when (e.StatusCode is not (StatusCode.InvalidArgument or StatusCode.ResourceExhausted))
            {
                Log.SaysAgain(log, item.Work.Name, item.InstanceId, e.Status.Detail);
                await Task.Delay(wait, clock, CancellationToken.None);
            }
        }

        if (item.Work is { Effect.Class: EffectClass.AtMostOnce, Mode: ActivityMode.Execute } work)
        {
            records.End(work.AttemptToken);
            _acting.TryRemove(work.AttemptToken, out _);
        }
    }

    static async Task<IReadOnlyList<HistoryEvent>> ReadAllAsync(AttemptClient client, TakenTurn turn, CancellationToken cancel)
    {
        var events = new List<HistoryEvent>();
        while (events.Count < turn.PastToRead)
        {
            var page = await client.ReadAsync(
                new InstanceId(turn.InstanceId), turn.Generation, events.Count, (int)Math.Min(1_000, turn.PastToRead - events.Count), cancel);
            if (page.Count == 0)
            {
                throw new InvalidOperationException($"the history of '{turn.InstanceId}' ends before its turn");
            }

            events.AddRange(page.Select(e => e.Event));
        }

        return events;
    }
}
