using System.Globalization;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Grpc.Hubs;
using Agents.Engine.Grpc.Work;
using Agents.Protocol;
using Agents.Protocol.Mapping;
using Grpc.Core;

namespace Agents.Engine.Grpc.Rpc;

/// <summary>Reading histories, in parts and whole.</summary>
internal sealed partial class SidecarService
{
    /// <summary>A history in parts: of the current execution for readers, of the one a worker has a turn of for that worker.</summary>
    public override async Task StreamInstanceHistory(
        StreamInstanceHistoryRequest request, IServerStreamWriter<HistoryChunk> responseStream, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        var (execution, events) = await ExecutionAsync(hub, request.InstanceId, request.ExecutionId, context.CancellationToken);
        var chunk = new HistoryChunk();
        var bytes = 0;
        await foreach (var e in Events(hub, execution, events, context))
        {
            var size = HistoryWire.SizeOf(e);
            if (chunk.Events.Count > 0 && bytes + size > options.HistoryChunkBytes)
            {
                await responseStream.WriteAsync(chunk, context.CancellationToken);
                (chunk, bytes) = (new HistoryChunk(), 0);
            }

            chunk.Events.Add(e);
            bytes += size;
        }

        if (chunk.Events.Count > 0)
        {
            await responseStream.WriteAsync(chunk, context.CancellationToken);
        }
    }

    /// <summary>The whole history in one message; refused where it would be larger than one may be.</summary>
    public override async Task<GetInstanceHistoryResponse> GetInstanceHistory(GetInstanceHistoryRequest request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        var (execution, events) = await ExecutionAsync(hub, request.InstanceId, null, context.CancellationToken);
        var response = new GetInstanceHistoryResponse();
        var bytes = 0L;
        await foreach (var e in Events(hub, execution, events, context))
        {
            bytes += HistoryWire.SizeOf(e);
            if (bytes > options.MessageBytesMax)
            {
                throw new RpcException(new Status(
                    StatusCode.ResourceExhausted, $"The history of '{request.InstanceId}' is larger than one message; read it with StreamInstanceHistory."));
            }

            response.Events.Add(e);
        }

        return response;
    }

    static IAsyncEnumerable<HistoryEvent> Events(TaskHub hub, RemoteExecution execution, long events, ServerCallContext context) =>
        PastEvents.ReadAsync(
            hub.Client, execution, events, e => HistoryWire.ToWire(e, execution.ExecutionId), context.CancellationToken);

    static async Task<(RemoteExecution Execution, long Events)> ExecutionAsync(
        TaskHub hub, string instanceId, string? executionId, CancellationToken cancel)
    {
        var id = Calls.Instance(instanceId);
        var executions = await hub.Client.ListExecutionsAsync(id, cancel);
        var execution = executionId is { Length: > 0 }
            ? executions.FirstOrDefault(e => e.ExecutionId == executionId)
            : executions.LastOrDefault();
        return execution is null
            ? throw new RpcException(new Status(StatusCode.NotFound, executions.Count == 0
                ? $"There is no instance '{id}'."
                : string.Create(CultureInfo.InvariantCulture, $"'{id}' has {executions.Count} executions, none of them is '{executionId}'.")))
            : (new RemoteExecution(id, new ExecutionId(execution.ExecutionId), execution.Generation, "", null), execution.Events);
    }
}
