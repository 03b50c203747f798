using System.Threading.Channels;
using Agents.Protocol;

namespace Agents.Engine.Grpc.Work;

/// <summary>One worker's stream of work items. What it holds belongs to its broker's lock.</summary>
internal sealed class WorkerStream
{
    readonly int[] _limits;
    readonly Channel<(PendingItem Item, string Token)> _outgoing =
        Channel.CreateUnbounded<(PendingItem, string)>(new UnboundedChannelOptions { SingleReader = true });

    public WorkerStream(GetWorkItemsRequest request, string connection, string name, DurableTaskOptions options)
    {
        Connection = connection;
        Name = name;
        Key = request.WorkerInstanceId.Length > 0 ? request.WorkerInstanceId : name;
        StreamsHistory = request.Capabilities.Contains(WorkerCapability.HistoryStreaming);
        KeepsExecutions = request.Capabilities.Contains(WorkerCapability.KeepsExecutions);
        RunsAgents = request.Capabilities.Contains(WorkerCapability.AgentWork);
        Filters = WorkerFilters.Of(request.WorkItemFilters);
        _limits =
        [
            Limit(request.MaxConcurrentOrchestrationWorkItems, options), Limit(request.MaxConcurrentActivityWorkItems, options),
        ];
    }

    /// <summary>Its network connection: completions without a token must come over the same one.</summary>
    public string Connection { get; }

    public string Name { get; }

    /// <summary>Names the worker's process, also on another connection; where it gives no such name, whatever it is called.</summary>
    public string Key { get; }

    /// <summary>Names what the worker's tools note down, which outlives its process: the part of its key before the last '/'.</summary>
    public string Place => Key[..Math.Max(0, Key.LastIndexOf('/'))];

    public bool StreamsHistory { get; }

    /// <summary>It may keep an execution between its turns, and asks for the history where it does not.</summary>
    public bool KeepsExecutions { get; }

    public bool RunsAgents { get; }

    public WorkerFilters Filters { get; }

    public HashSet<PendingItem> Holds { get; } = [];

    public int[] Held { get; } = [0, 0];

    /// <summary>Activities it was given by a tool and did not know: a worker without filters is asked for everything.</summary>
    public HashSet<(string Name, string Version)> Unknown { get; } = [];

    public ChannelReader<(PendingItem Item, string Token)> Outgoing => _outgoing.Reader;

    public bool Takes(PendingItem item) => Takes(item.Kind, item.IsAgentWork, item.Name, item.Version);

    public bool Takes(WorkKind kind, bool agentWork, string name, string version) =>
        agentWork == RunsAgents && Filters.Takes(kind, name, version);

    public bool HasRoom(WorkKind kind) => Held[(int)kind] < _limits[(int)kind];

    /// <summary>From 0 (idle) to 1 (full).</summary>
    public double Load(WorkKind kind) => (double)Held[(int)kind] / _limits[(int)kind];

    public void Send(PendingItem item, string token) => _outgoing.Writer.TryWrite((item, token));

    public void End() => _outgoing.Writer.TryComplete();

    static int Limit(int asked, DurableTaskOptions options) =>
        asked <= 0 ? options.ItemsPerWorkerDefault : Math.Min(asked, options.ItemsPerWorkerMax);
}
