using System.Globalization;
using Agents.Engine.Grpc.Work;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Grpc.Hubs;

/// <summary>One task hub: a node's clients' door and the workers that are connected to it.</summary>
public sealed class TaskHub
{
    /// <summary>The hub of callers that name none.</summary>
    public const string DefaultName = "default";

    static readonly TimeSpan s_unservedSoon = TimeSpan.FromSeconds(1);

    readonly WorkBroker _broker;
    readonly EngineEnvironment _environment;
    readonly CancellationTokenSource _closed = new();
    readonly Lock _entrance = new();
    int _parts;
    bool _shut;
    long _lastUsed;

    /// <summary>
    /// The workers' side; give <see cref="Remote"/> to the node, then <see cref="Join"/> it. What
    /// <paramref name="isLocal"/> names runs in this process and is offered to nobody. What <paramref name="isAgentWork"/>
    /// names is for workers of ours: give <see cref="Activities"/> to the node too.
    /// </summary>
    public TaskHub(
        string name, Func<string, string?, bool> isLocal, DurableTaskOptions options, EngineEnvironment environment,
        Func<string, string?, bool>? isAgentWork = null)
    {
        Name = name;
        _environment = environment;
        _lastUsed = environment.Clock.GetTimestamp();
        _broker = new WorkBroker(isLocal, options, environment) { IsAgentWork = isAgentWork ?? (static (_, _) => false) };
        Activities = new AttendedActivities(_broker);
    }

    public string Name { get; }

    public Contracts.Work.IRemoteWork Remote => _broker;

    /// <summary>Activities of agent runs, on the workers of ours among them.</summary>
    public Contracts.Work.IActivityHost Activities { get; }

    /// <summary>The same workers, for tools that are activities of theirs.</summary>
    public Contracts.Work.IConnectedWorkers Connected => _broker;

    /// <summary>Takes in what a worker says of a call after it was given up on.</summary>
    public Func<Contracts.Work.LateAnswer, Task>? Late
    {
        get => _broker.Late;
        set => _broker.Late = value;
    }

    /// <summary>The hub's queues of activities.</summary>
    public Contracts.Client.IQueueClient Queues => Client;

    /// <summary>Workers connected now.</summary>
    public int Workers => _broker.Workers;

    /// <summary>What no connected worker does, one line each, for a person; none while all is well.</summary>
    public IReadOnlyList<string> Unserved() =>
    [
        .. _broker.Unserved(s_unservedSoon).Select(u => string.Create(
            CultureInfo.InvariantCulture,
            $"no compatible worker for {u.Kind.ToString().ToLowerInvariant()} {u.Name}{(u.Version.Length == 0 ? "" : $" version '{u.Version}'")} in task hub {Name}: {u.Count} wait, the longest for {u.Age.TotalSeconds:0} s")),
    ];

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

    /// <summary>Timestamp of the clock when the last call to it ended, or when it was opened.</summary>
    public long LastUsed
    {
        get
        {
            lock (_entrance)
            {
                return _lastUsed;
            }
        }
    }

    /// <summary>
    /// Takes part in the hub until what it returns is disposed of: a call, a worker's stream. Null once it is closed or about
    /// to be; who asks for the hub again gets it opened anew.
    /// </summary>
    public IDisposable? TryEnter()
    {
        lock (_entrance)
        {
            if (_shut)
            {
                return null;
            }

            _parts++;
            return new Part(this);
        }
    }

    /// <summary>
    /// True when nobody takes part and no worker has anything of it, and from now on nobody can: it may be closed. What it
    /// stores waits for the next opening.
    /// </summary>
    public bool TryShutUnused()
    {
        lock (_entrance)
        {
            return !_shut && (_shut = _parts == 0 && !_broker.IsOut);
        }
    }

    /// <summary>Ends the streams of its workers and of those who wait.</summary>
    public void Close()
    {
        lock (_entrance)
        {
            _shut = true;
        }

        _closed.Cancel();
    }

    sealed class Part(TaskHub hub) : IDisposable
    {
        TaskHub? _hub = hub;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _hub, null) is not { } left)
            {
                return;
            }

            lock (left._entrance)
            {
                left._parts--;
                left._lastUsed = left.Clock.GetTimestamp();
            }
        }
    }
}
