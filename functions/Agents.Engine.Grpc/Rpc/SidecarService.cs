using Agents.Engine.Grpc.Hubs;
using Agents.Protocol;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Agents.Engine.Grpc.Rpc;

/// <summary>The Durable Task service over the task hubs of this endpoint.</summary>
internal sealed partial class SidecarService(ITaskHubs hubs, DurableTaskOptions options, Stopping stopping)
    : TaskHubSidecarService.TaskHubSidecarServiceBase
{
    public override Task<Empty> Hello(Empty request, ServerCallContext context) => Task.FromResult(new Empty());

    public override async Task<CreateTaskHubResponse> CreateTaskHub(CreateTaskHubRequest request, ServerCallContext context)
    {
        await hubs.CreateAsync(Calls.TaskHub(context), request.RecreateIfExists, context.CancellationToken);
        return new CreateTaskHubResponse();
    }

    public override async Task<DeleteTaskHubResponse> DeleteTaskHub(DeleteTaskHubRequest request, ServerCallContext context)
    {
        await hubs.DeleteAsync(Calls.TaskHub(context), context.CancellationToken);
        return new DeleteTaskHubResponse();
    }

    public override Task<SignalEntityResponse> SignalEntity(SignalEntityRequest request, ServerCallContext context) =>
        throw Calls.NoEntities();

    public override Task<GetEntityResponse> GetEntity(GetEntityRequest request, ServerCallContext context) => throw Calls.NoEntities();

    public override Task<QueryEntitiesResponse> QueryEntities(QueryEntitiesRequest request, ServerCallContext context) =>
        throw Calls.NoEntities();

    public override Task<CleanEntityStorageResponse> CleanEntityStorage(CleanEntityStorageRequest request, ServerCallContext context) =>
        throw Calls.NoEntities();

    public override Task<CompleteTaskResponse> CompleteEntityTask(EntityBatchResult request, ServerCallContext context) =>
        throw Calls.NoEntities();

    public override Task<AbandonEntityTaskResponse> AbandonTaskEntityWorkItem(
        AbandonEntityTaskRequest request, ServerCallContext context) => throw Calls.NoEntities();

    ValueTask<TaskHub> HubAsync(ServerCallContext context) => hubs.EnterAsync(context);
}

/// <summary>Cancelled when the endpoint ends: streams finish in order instead of breaking.</summary>
internal sealed record Stopping(CancellationToken Token);
