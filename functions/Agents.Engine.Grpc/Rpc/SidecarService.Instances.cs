using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine.Grpc.Hubs;
using Agents.Protocol;
using Agents.Protocol.Mapping;
using Grpc.Core;

namespace Agents.Engine.Grpc.Rpc;

/// <summary>Clients' calls about one instance.</summary>
internal sealed partial class SidecarService
{
    public override async Task<CreateInstanceResponse> StartInstance(CreateInstanceRequest request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        if (request.Name.Length == 0)
        {
            throw Calls.Bad("name: an orchestration has a name");
        }

        var id = request.InstanceId.Length == 0
            ? new InstanceId(hub.NewId())
            : Calls.Instance(request.InstanceId);
        var start = new StartRequest
        {
            Id = id,
            Name = request.Name,
            Version = request.Version,
            Input = request.Input,
            Tags = TagsWire.From(request.Tags),
            ScheduledStart = request.ScheduledStartTimestamp?.ToDateTimeOffset(),
            Trace = TraceWire.FromWire(request.ParentTraceContext),
        };
        await new InstanceStarter(hub).StartAsync(start, request.OrchestrationIdReusePolicy, context.CancellationToken);
        return new CreateInstanceResponse { InstanceId = id };
    }

    public override async Task<GetInstanceResponse> GetInstance(GetInstanceRequest request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        var view = await hub.Client.GetAsync(Calls.Instance(request.InstanceId), withPayloads: true, context.CancellationToken);
        return Answer(view, request);
    }

    public override async Task<GetInstanceResponse> WaitForInstanceStart(GetInstanceRequest request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        return await WaitAsync(hub, request, context, hub.Client.WaitForStartAsync);
    }

    public override async Task<GetInstanceResponse> WaitForInstanceCompletion(GetInstanceRequest request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        return await WaitAsync(hub, request, context, hub.Client.WaitForEndAsync);
    }

    async Task<GetInstanceResponse> WaitAsync(
        TaskHub hub, GetInstanceRequest request, ServerCallContext context,
        Func<InstanceId, CancellationToken, Task<InstanceView?>> wait)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stopping.Token, hub.Closed);
        return Answer(await wait(Calls.Instance(request.InstanceId), ended.Token), request);
    }

    static GetInstanceResponse Answer(InstanceView? view, GetInstanceRequest request) => view is null
        ? new GetInstanceResponse { Exists = false }
        : new GetInstanceResponse { Exists = true, OrchestrationState = StateWire.ToWire(view, request.GetInputsAndOutputs) };

    public override async Task<RaiseEventResponse> RaiseEvent(RaiseEventRequest request, ServerCallContext context)
    {
        if (request.Name.Length == 0)
        {
            throw Calls.Bad("name: an event has a name");
        }

        var hub = await HubAsync(context);
        var id = Calls.Instance(request.InstanceId);
        var sent = await hub.Client.SendAsync(id, new InstanceMessage.Raise(request.Name, request.Input), null, context.CancellationToken);
        if (sent == SendOutcome.NotFound)
        {
            // The protocol takes it silently; whoever looks for the event finds it here.
            Log.EventForNobody(hub.Log, request.Name, id);
        }

        return new RaiseEventResponse();
    }

    public override async Task<TerminateResponse> TerminateInstance(TerminateRequest request, ServerCallContext context)
    {
        await SendAsync(request.InstanceId, new InstanceMessage.Terminate(request.Output, request.Recursive), context);
        return new TerminateResponse();
    }

    public override async Task<SuspendResponse> SuspendInstance(SuspendRequest request, ServerCallContext context)
    {
        await SendAsync(request.InstanceId, new InstanceMessage.Suspend(request.Reason), context);
        return new SuspendResponse();
    }

    public override async Task<ResumeResponse> ResumeInstance(ResumeRequest request, ServerCallContext context)
    {
        await SendAsync(request.InstanceId, new InstanceMessage.Resume(request.Reason), context);
        return new ResumeResponse();
    }

    async Task SendAsync(string instanceId, InstanceMessage message, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        var id = Calls.Instance(instanceId);
        Calls.Sent(await hub.Client.SendAsync(id, message, null, context.CancellationToken), id);
    }

    public override async Task<RestartInstanceResponse> RestartInstance(RestartInstanceRequest request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        var id = Calls.Instance(request.InstanceId);
        var done = await hub.Client.RestartAsync(id, request.RestartWithNewInstanceId, context.CancellationToken);
        return done.Done
            ? new RestartInstanceResponse { InstanceId = done.Id!.Value }
            : throw await RefusalAsync(hub, id, done.Refusal, context);
    }

    public override async Task<RewindInstanceResponse> RewindInstance(RewindInstanceRequest request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        var id = Calls.Instance(request.InstanceId);
        var done = await hub.Client.RewindAsync(id, request.Reason, context.CancellationToken);
        return done.Done ? new RewindInstanceResponse() : throw await RefusalAsync(hub, id, done.Refusal, context);
    }

    static async Task<RpcException> RefusalAsync(TaskHub hub, InstanceId id, string? why, ServerCallContext context) =>
        await hub.Client.GetAsync(id, withPayloads: false, context.CancellationToken) is null
            ? Calls.NotFound(id)
            : Calls.Refused(why ?? "refused");
}
