using System.Runtime.CompilerServices;
using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Protocol.Mapping;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Wire = Agents.Protocol;

namespace Agents.Client.DurableTask;

/// <summary>Starts orchestrations of a task hub, steers them and looks at them. Values are texts, JSON as a rule.</summary>
public sealed class InstanceClient
{
    readonly TaskHubConnection _connection;

    internal InstanceClient(TaskHubConnection connection) => _connection = connection;

    Wire.TaskHubSidecarService.TaskHubSidecarServiceClient Stub => _connection.Stub;

    /// <summary>
    /// Starts an orchestration; durable when this returns. ALREADY_EXISTS where an instance of that id is not finished;
    /// a finished one is replaced.
    /// </summary>
    public async Task StartAsync(StartRequest request, CancellationToken cancel)
    {
        var wire = new Wire.CreateInstanceRequest
        {
            InstanceId = request.Id, Name = request.Name, Version = request.Version, Input = request.Input,
            ScheduledStartTimestamp = request.ScheduledStart?.ToTimestamp(), ParentTraceContext = TraceWire.ToWire(request.Trace),
        };
        TagsWire.Add(request.Tags, wire.Tags);
        await Stub.StartInstanceAsync(wire, _connection.Options(cancel));
    }

    /// <summary>Null: there is no such instance.</summary>
    public async Task<InstanceView?> GetAsync(string id, bool withPayloads, CancellationToken cancel) =>
        View(await Stub.GetInstanceAsync(Asked(id, withPayloads), _connection.Options(cancel)));

    /// <summary>Returns once it has left PENDING.</summary>
    public async Task<InstanceView?> WaitForStartAsync(string id, CancellationToken cancel) =>
        View(await Stub.WaitForInstanceStartAsync(Asked(id, withPayloads: true), _connection.Options(cancel)));

    /// <summary>Returns once it has ended, with its output or its failure.</summary>
    public async Task<InstanceView?> WaitForEndAsync(string id, CancellationToken cancel) =>
        View(await Stub.WaitForInstanceCompletionAsync(Asked(id, withPayloads: true), _connection.Options(cancel)));

    /// <summary>Events for an instance that is not there are dropped by the service.</summary>
    public async Task RaiseAsync(string id, string name, string? input, CancellationToken cancel) =>
        await Stub.RaiseEventAsync(new Wire.RaiseEventRequest { InstanceId = id, Name = name, Input = input }, _connection.Options(cancel));

    public async Task TerminateAsync(string id, string? output, bool recursive, CancellationToken cancel) => await Stub.TerminateInstanceAsync(
        new Wire.TerminateRequest { InstanceId = id, Output = output, Recursive = recursive }, _connection.Options(cancel));

    public async Task SuspendAsync(string id, string? reason, CancellationToken cancel) =>
        await Stub.SuspendInstanceAsync(new Wire.SuspendRequest { InstanceId = id, Reason = reason }, _connection.Options(cancel));

    public async Task ResumeAsync(string id, string? reason, CancellationToken cancel) =>
        await Stub.ResumeInstanceAsync(new Wire.ResumeRequest { InstanceId = id, Reason = reason }, _connection.Options(cancel));

    /// <summary>Takes a failed instance back before what made it fail.</summary>
    public async Task RewindAsync(string id, string? reason, CancellationToken cancel) =>
        await Stub.RewindInstanceAsync(new Wire.RewindInstanceRequest { InstanceId = id, Reason = reason }, _connection.Options(cancel));

    /// <summary>The same orchestration from its beginning; returns its id.</summary>
    public async Task<string> RestartAsync(string id, bool newId, CancellationToken cancel) => (await Stub.RestartInstanceAsync(
        new Wire.RestartInstanceRequest { InstanceId = id, RestartWithNewInstanceId = newId }, _connection.Options(cancel))).InstanceId;

    /// <summary>Removes a finished instance; returns how many went.</summary>
    public async Task<int> PurgeAsync(string id, bool recursive, CancellationToken cancel) => (await Stub.PurgeInstancesAsync(
        new Wire.PurgeInstancesRequest { InstanceId = id, Recursive = recursive }, _connection.Options(cancel))).DeletedInstanceCount;

    /// <summary>One page; its token asks for the next. Tags, names and parking cannot be asked for this way.</summary>
    public async Task<InstancePage> QueryAsync(InstanceQuery query, CancellationToken cancel)
    {
        var wire = new Wire.InstanceQuery
        {
            CreatedTimeFrom = query.CreatedFrom?.ToTimestamp(), CreatedTimeTo = query.CreatedTo?.ToTimestamp(),
            MaxInstanceCount = query.PageSize, ContinuationToken = query.ContinuationToken, InstanceIdPrefix = query.IdPrefix,
            FetchInputsAndOutputs = query.WithPayloads,
        };
        wire.RuntimeStatus.Add(query.Statuses.Select(s => (Wire.OrchestrationStatus)s));
        var page = await Stub.QueryInstancesAsync(new Wire.QueryInstancesRequest { Query = wire }, _connection.Options(cancel));
        return new InstancePage([.. page.OrchestrationState.Select(StateWire.FromWire)], page.ContinuationToken);
    }

    /// <summary>The events of its current execution.</summary>
    public async IAsyncEnumerable<HistoryEvent> ReadHistoryAsync(string id, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var call = Stub.StreamInstanceHistory(new Wire.StreamInstanceHistoryRequest { InstanceId = id }, _connection.Options(cancel));
        await foreach (var chunk in call.ResponseStream.ReadAllAsync(cancel))
        {
            foreach (var e in chunk.Events)
            {
                yield return HistoryFromWire.Read(e);
            }
        }
    }

    static Wire.GetInstanceRequest Asked(string id, bool withPayloads) => new() { InstanceId = id, GetInputsAndOutputs = withPayloads };

    static InstanceView? View(Wire.GetInstanceResponse answer) => answer.Exists ? StateWire.FromWire(answer.OrchestrationState) : null;
}
