using System.Collections.Concurrent;
using Agents.Cluster.Members;
using Agents.Engine.Nodes;
using Orleans.Runtime;

namespace Agents.Cluster.Talk;

/// <summary>
/// Readers here, commits there. Whoever reads tells every node, not only the owner: the run may move while it is read.
/// </summary>
internal sealed class CommitNews(
    LiveNodes live, NodeServices nodes, Listeners listeners, TimeSpan listenFor, TimeProvider clock, SiloAddress here) : ICommitNews
{
    static readonly TimeSpan s_answerWithin = TimeSpan.FromMilliseconds(300);

    readonly ConcurrentDictionary<string, (Task Said, DateTimeOffset At)> _readers = new(StringComparer.Ordinal);
    readonly Announcer _announcer = new(listeners, nodes.At);

    /// <summary>Said again after a third of the time it holds, so that a lost one is made good before it runs out.</summary>
    TimeSpan SayAgainAfter => listenFor / 3;

    public async ValueTask<TimeSpan?> ListenAsync(string instanceId, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (!_readers.TryGetValue(instanceId, out var reader) || now - reader.At > SayAgainAfter)
        {
            reader = (SayAsync(live.Others, [instanceId]), now);
            _readers[instanceId] = reader;
        }

        await reader.Said.WaitAsync(cancel);
        return SayAgainAfter;
    }

    public void Committed(string instanceId) => _announcer.Say(instanceId, released: false);

    public void Released(string instanceId) => _announcer.Say(instanceId, released: true);

    /// <summary>Nodes that have just come do not know who reads here.</summary>
    public Task GreetAsync(IReadOnlyList<SiloAddress> come) =>
        _readers.IsEmpty ? Task.CompletedTask : SayAsync(come, [.. _readers.Keys]);

    public void Tidy()
    {
        listeners.Tidy();
        var old = clock.GetUtcNow() - listenFor;
        foreach (var reader in _readers.Where(r => r.Value.At < old))
        {
            _readers.TryRemove(reader);
        }
    }

    Task SayAsync(IReadOnlyList<SiloAddress> to, IReadOnlyList<string> instances) =>
        Calls.AllAsync(to, node => nodes.At(node).ListenAsync(here, instances), s_answerWithin, clock);
}
