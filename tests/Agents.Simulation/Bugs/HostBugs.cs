using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Simulation.World;

namespace Agents.Simulation.Bugs;

/// <summary>A mistake on the way from an owner to its activities.</summary>
abstract class HostBug : SeededBug
{
    public override IActivityHost AtActivities(IActivityHost activities, TimeProvider clock) => new Host(activities, this, clock);

    protected abstract Task<ActivityOutcome> RunAsync(
        IActivityHost host, TimeProvider clock, ActivityWorkItem item, IActivityContext context, CancellationToken cancel);

    sealed class Host(IActivityHost inner, HostBug bug, TimeProvider clock) : IActivityHost
    {
        public bool CanRun(string name, string? version) => inner.CanRun(name, version);

        public Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel) =>
            bug.RunAsync(inner, clock, item, context, cancel);
    }
}

/// <summary>Believes "absent" of a probe that cannot know.</summary>
sealed class AbsentBelieved : SeededBug
{
    public override bool BelievesAbsent(ActivityWorkItem item, SimTool tool) => true;
}

/// <summary>An effect that may have happened is made again instead of being asked about.</summary>
sealed class EffectRunAgain : HostBug
{
    protected override Task<ActivityOutcome> RunAsync(
        IActivityHost host, TimeProvider clock, ActivityWorkItem item, IActivityContext context, CancellationToken cancel) =>
        host.RunAsync(item.Mode == ActivityMode.Reconcile ? item with { Mode = ActivityMode.Execute } : item, context, cancel);
}

/// <summary>Starts wait in a queue that does not look again whether the run was suspended meanwhile.</summary>
sealed class SuspensionDoesNotHoldStarts : HostBug
{
    protected override async Task<ActivityOutcome> RunAsync(
        IActivityHost host, TimeProvider clock, ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(200), clock, CancellationToken.None);
        return await host.RunAsync(item, context, cancel);
    }
}

/// <summary>A takeover does not begin again what its predecessor had under way.</summary>
sealed class RecoveryForgetsWhatWasUnderWay : HostBug
{
    readonly Dictionary<(ExecutionId Execution, int Task), int> _begun = [];

    protected override Task<ActivityOutcome> RunAsync(
        IActivityHost host, TimeProvider clock, ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        var place = (item.ExecutionId, item.TaskId);
        var forgotten = item.Mode == ActivityMode.Execute && _begun.TryGetValue(place, out var attempt) && attempt != item.Attempt;
        _begun.TryAdd(place, item.Attempt);
        return forgotten ? new TaskCompletionSource<ActivityOutcome>().Task : host.RunAsync(item, context, cancel);
    }
}

/// <summary>Every attempt has an idempotency key of its own.</summary>
sealed class KeyPerAttempt : HostBug
{
    protected override Task<ActivityOutcome> RunAsync(
        IActivityHost host, TimeProvider clock, ActivityWorkItem item, IActivityContext context, CancellationToken cancel) =>
        host.RunAsync(
            item is { Effect: { } effect, Attempt: > 1 }
                ? item with { Effect = effect with { Key = IdempotencyKey(effect.Key, item.Attempt) } }
                : item,
            context, cancel);

    static string IdempotencyKey(string key, int attempt) =>
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{key} {attempt}")));
}

/// <summary>The last question before an effect is not asked: a host that slept acts although its time is over.</summary>
sealed class ActsWithoutAsking : HostBug
{
    protected override Task<ActivityOutcome> RunAsync(
        IActivityHost host, TimeProvider clock, ActivityWorkItem item, IActivityContext context, CancellationToken cancel) =>
        host.RunAsync(item, new Context(context), CancellationToken.None);

    sealed class Context(IActivityContext inner) : IActivityContext
    {
        public IHistorySource History => inner.History;

        public bool MayAct()
        {
            inner.MayAct();
            return true;
        }

        public void Publish(StreamDelta delta) => inner.Publish(delta);
    }
}

/// <summary>Text is published a second time when an activity says it once more.</summary>
sealed class TextPublishedTwice : HostBug
{
    protected override Task<ActivityOutcome> RunAsync(
        IActivityHost host, TimeProvider clock, ActivityWorkItem item, IActivityContext context, CancellationToken cancel) =>
        host.RunAsync(item, new Context(context, Site), cancel);

    sealed class Context(IActivityContext inner, BugSite site) : IActivityContext
    {
        public IHistorySource History => inner.History;

        public bool MayAct() => inner.MayAct();

        public void Publish(StreamDelta delta)
        {
            inner.Publish(delta);
            if (site.Random.Chance(0.1))
            {
                inner.Publish(delta);
            }
        }
    }
}

/// <summary>A turn that is run again from history sees results in another order.</summary>
sealed class ReplayInAnotherOrder : SeededBug
{
    public override IOrchestratorHost AtOrchestrators(IOrchestratorHost orchestrators) => new Host(orchestrators);

    sealed class Host(IOrchestratorHost inner) : IOrchestratorHost
    {
        public OrchestratorMatch Match(string name, string? version) => inner.Match(name, version);

        public IOrchestratorSession Open(OrchestratorIdentity identity) => new Session(inner.Open(identity));
    }

    sealed class Session(IOrchestratorSession inner) : IOrchestratorSession
    {
        public long ApproximateBytes => inner.ApproximateBytes;

        public OrchestratorTurn Run(IReadOnlyList<SequencedEvent> past, IReadOnlyList<SequencedEvent> fresh)
        {
            var events = fresh.Select(f => f.Event).ToList();
            var first = events.FindIndex(e => e is not (OrchestratorStarted or ExecutionStarted));
            if (first > 0)
            {
                events.Reverse(first, events.Count - first);
            }

            return inner.Run(past, [.. fresh.Zip(events, (f, e) => f with { Event = e })]);
        }

        public void Dispose() => inner.Dispose();
    }
}
