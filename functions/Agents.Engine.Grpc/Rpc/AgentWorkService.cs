using Agents.Engine.Grpc.Hubs;
using Agents.Protocol;
using Agents.Protocol.Mapping;
using Grpc.Core;

namespace Agents.Engine.Grpc.Rpc;

/// <summary>What workers of ours ask besides the Durable Task protocol: ledger, stream and history of agent runs.</summary>
internal sealed class AgentWorkService(ITaskHubs hubs) : AgentWork.AgentWorkBase
{
    const int PageEventsMax = 1_000;

    /// <summary>Bytes of events in one answer, but for one event that alone is larger.</summary>
    const int PageBytesMax = 4 * 1024 * 1024;

    public override async Task<MayActResponse> MayAct(MayActRequest request, ServerCallContext context) =>
        new() { May = (await HubAsync(context)).Broker.MayAct(request.CompletionToken) };

    public override async Task<PublishResponse> Publish(PublishRequest request, ServerCallContext context)
    {
        (await HubAsync(context)).Broker.Publish(request);
        return new PublishResponse();
    }

    public override async Task<SettleResponse> Settle(SettleRequest request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        Calls.Instance(request.InstanceId);
        await hub.Broker.SettleAsync(hub.Client, request);
        return new SettleResponse();
    }

    public override async Task<ReadEventsResponse> ReadEvents(ReadEventsRequest request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        var page = await hub.Client.ReadAsync(
            Calls.Instance(request.InstanceId), request.Generation, request.From, Math.Clamp(request.Max, 1, PageEventsMax),
            context.CancellationToken);
        var response = new ReadEventsResponse();
        var bytes = 0L;
        foreach (var e in page)
        {
            var wire = HistoryWire.ToOwnWire(e.Event);
            bytes += HistoryWire.SizeOf(wire);
            if (response.Events.Count > 0 && bytes > PageBytesMax)
            {
                break;
            }

            response.Events.Add(wire);
        }

        return response;
    }

    ValueTask<TaskHub> HubAsync(ServerCallContext context) => hubs.EnterAsync(context);
}
