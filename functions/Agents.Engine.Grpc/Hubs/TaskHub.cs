using Agents.Engine.Grpc.Work;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Grpc.Hubs;

/// <summary>One task hub: a node's clients' door and the workers that are connected to it.</summary>
public sealed class TaskHub
{
    /// <summary>The hub of callers that name none.</summary>
    public const string DefaultName = "default";

    readonly WorkBroker _broker;
    readonly EngineEnvironment _environment;
    readonly CancellationTokenSource _closed = new();

    /// <summary>
    /// The workers' side; give <see cref="Remote"/> to the node, then <see cref="Join"/> it. What
    /// <paramref name="isLocal"/> names runs in this process and is offered to nobody.
    /// </summary>
    public TaskHub(string name, Func<string, string?, bool> isLocal, DurableTaskOptions options, EngineEnvironment environment)
    {
        Name = name;
        _environment = environment;
        _broker = new WorkBroker(isLocal, options, environment);
    }

    public string Name { get; }

    public Contracts.Work.IRemoteWork Remote => _broker;

    /// <summary>Workers connected now.</summary>
    public int Workers => _broker.Workers;

    /// <summary>Completions that came too late to mean anything, since the start.</summary>
    public long StaleCompletions => _broker.StaleCompletions;

    internal WorkBroker Broker => _broker;

    internal ILogger Log => _environment.Log;

    internal TimeProvider Clock => _environment.Clock;

    /// <summary>Cancelled when the hub closes: its streams end.</summary>
    internal CancellationToken Closed => _closed.Token;

    internal string NewId() => _environment.Ids.NextGuid().ToString("N");

    internal EngineClient Client => Node.Client;

    internal EngineNode Node { get; private set; } = null!;

    public void Join(EngineNode node)
    {
        Node = node;
        _broker.History = node.Client;
    }

    /// <summary>Ends the streams of its workers and of those who wait.</summary>
    public void Close() => _closed.Cancel();
}
