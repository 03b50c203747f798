using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine.Grpc.Hubs;
using Agents.Protocol;
using Agents.Protocol.Mapping;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using InstanceQuery = Agents.Contracts.Client.InstanceQuery;
using OrchestrationStatus = Agents.Contracts.Instances.OrchestrationStatus;

namespace Agents.Engine.Grpc.Rpc;

/// <summary>Clients' calls about many instances.</summary>
internal sealed partial class SidecarService
{
    const int PageSizeMax = 1_000;
    const int BatchMax = 500;

    static readonly OrchestrationStatus[] s_terminal =
    [
        OrchestrationStatus.Completed, OrchestrationStatus.Failed, OrchestrationStatus.Canceled, OrchestrationStatus.Terminated,
    ];

    public override async Task<QueryInstancesResponse> QueryInstances(QueryInstancesRequest request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        var wire = request.Query ?? new Protocol.InstanceQuery();
        if (wire.TaskHubNames.Count > 0 && !wire.TaskHubNames.Contains(hub.Name, StringComparer.OrdinalIgnoreCase))
        {
            return new QueryInstancesResponse();
        }

        var page = await hub.Client.QueryAsync(
            new InstanceQuery
            {
                Statuses = Statuses(wire.RuntimeStatus),
                CreatedFrom = wire.CreatedTimeFrom?.ToDateTimeOffset(),
                CreatedTo = wire.CreatedTimeTo?.ToDateTimeOffset(),
                IdPrefix = wire.InstanceIdPrefix is { Length: > 0 } prefix ? prefix : null,
                WithPayloads = wire.FetchInputsAndOutputs,
                PageSize = PageSize(wire.MaxInstanceCount),
                ContinuationToken = wire.ContinuationToken is { Length: > 0 } token ? token : null,
            },
            context.CancellationToken);
        var response = new QueryInstancesResponse { ContinuationToken = page.ContinuationToken };
        foreach (var item in page.Items)
        {
            var view = wire.FetchInputsAndOutputs
                ? await hub.Client.GetAsync(new InstanceId(item.InstanceId), withPayloads: true, context.CancellationToken) ?? item
                : item;
            response.OrchestrationState.Add(StateWire.ToWire(view, wire.FetchInputsAndOutputs));
        }

        return response;
    }

    public override async Task<ListInstanceIdsResponse> ListInstanceIds(ListInstanceIdsRequest request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        var statuses = Statuses(request.RuntimeStatus);
        var size = PageSize(request.PageSize);
        var token = request.LastInstanceKey is { Length: > 0 } key ? key : null;
        var response = new ListInstanceIdsResponse();
        do
        {
            var page = await hub.Client.QueryAsync(
                new InstanceQuery
                {
                    Statuses = statuses.Count > 0 ? statuses : s_terminal, PageSize = size - response.InstanceIds.Count, ContinuationToken = token,
                },
                context.CancellationToken);
            response.InstanceIds.Add(page.Items.Where(i => i.Status.IsTerminal() && IsWithin(i, request)).Select(i => i.InstanceId));
            token = page.ContinuationToken;
        }
        while (token is not null && response.InstanceIds.Count < size);

        response.LastInstanceKey = token;
        return response;
    }

    /// <summary>Dapr's list: every instance, whatever its state.</summary>
    public override async Task<ListInstanceIDsResponse> ListAllInstanceIds(ListInstanceIDsRequest request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        var page = await hub.Client.QueryAsync(
            new InstanceQuery
            {
                PageSize = request.HasPageSize ? PageSize((int)Math.Min(request.PageSize, PageSizeMax)) : PageSizeMax,
                ContinuationToken = request.ContinuationToken is { Length: > 0 } token ? token : null,
            },
            context.CancellationToken);
        var response = new ListInstanceIDsResponse();
        response.InstanceIds.Add(page.Items.Select(i => i.InstanceId));
        if (page.ContinuationToken is { } more)
        {
            response.ContinuationToken = more;
        }

        return response;
    }

    static bool IsWithin(InstanceView view, ListInstanceIdsRequest request) =>
        (request.CompletedTimeFrom is not { } from || view.CompletedAt >= from.ToDateTimeOffset())
        && (request.CompletedTimeTo is not { } to || view.CompletedAt <= to.ToDateTimeOffset());

    public override async Task<PurgeInstancesResponse> PurgeInstances(PurgeInstancesRequest request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        var response = new PurgeInstancesResponse { IsComplete = true };
        switch (request.RequestCase)
        {
            case PurgeInstancesRequest.RequestOneofCase.InstanceId:
                response.DeletedInstanceCount = await PurgeOneAsync(hub, request.InstanceId, request.Recursive, context);
                break;
            case PurgeInstancesRequest.RequestOneofCase.InstanceBatch:
                foreach (var id in Batch(request.InstanceBatch))
                {
                    response.DeletedInstanceCount += await PurgeOneAsync(hub, id, request.Recursive, context);
                }

                break;
            case PurgeInstancesRequest.RequestOneofCase.PurgeInstanceFilter:
                (response.DeletedInstanceCount, response.IsComplete) =
                    await PurgeAllAsync(hub, request.PurgeInstanceFilter, request.Recursive, context);
                break;
            default:
                throw Calls.Bad("request: say which instances: instanceId, purgeInstanceFilter or instanceBatch");
        }

        return response;
    }

    /// <summary>What is unknown or has not ended stays as it is, and counts as none.</summary>
    static async Task<int> PurgeOneAsync(TaskHub hub, string instanceId, bool recursive, ServerCallContext context)
    {
        var id = Calls.Instance(instanceId);
        if (await hub.Client.GetAsync(id, withPayloads: false, context.CancellationToken) is null)
        {
            return 0;
        }

        var outcome = await hub.Client.PurgeAsync(id, recursive, force: false, context.CancellationToken);
        if (outcome.Refusal is { } why)
        {
            Log.NotPurged(hub.Log, id, why);
        }

        return outcome.Deleted;
    }

    static async Task<(int Deleted, bool Complete)> PurgeAllAsync(
        TaskHub hub, PurgeInstanceFilter filter, bool recursive, ServerCallContext context)
    {
        var began = hub.Clock.GetTimestamp();
        var statuses = Statuses(filter.RuntimeStatus).Where(s => s.IsTerminal()).ToList();
        if (statuses.Count == 0 && filter.RuntimeStatus.Count > 0)
        {
            return (0, true);
        }

        var query = new InstanceQuery
        {
            Statuses = statuses.Count > 0 ? statuses : s_terminal,
            CreatedFrom = filter.CreatedTimeFrom?.ToDateTimeOffset(),
            CreatedTo = filter.CreatedTimeTo?.ToDateTimeOffset(),
            PageSize = PageSizeMax,
        };
        var deleted = 0;
        string? token = null;
        do
        {
            var page = await hub.Client.QueryAsync(query with { ContinuationToken = token }, context.CancellationToken);
            foreach (var item in page.Items)
            {
                if (filter.Timeout is { } limit && hub.Clock.GetElapsedTime(began) > limit.ToTimeSpan())
                {
                    return (deleted, false);
                }

                deleted += await PurgeOneAsync(hub, item.InstanceId, recursive, context);
            }

            token = page.ContinuationToken;
        }
        while (token is not null);

        return (deleted, true);
    }

    public override async Task<SkipGracefulOrchestrationTerminationsResponse> SkipGracefulOrchestrationTerminations(
        SkipGracefulOrchestrationTerminationsRequest request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        var response = new SkipGracefulOrchestrationTerminationsResponse();
        foreach (var id in Batch(request.InstanceBatch).Select(Calls.Instance))
        {
            var sent = await hub.Client.SendAsync(
                id, new InstanceMessage.Terminate(request.Reason, Recurse: false), null, context.CancellationToken);
            if (sent != SendOutcome.Accepted)
            {
                response.UnterminatedInstanceIds.Add(id);
            }
        }

        return response;
    }

    static RepeatedField<string> Batch(InstanceBatch? batch) => batch?.InstanceIds switch
    {
        null => throw Calls.Bad("instanceBatch: say which instances"),
        { Count: > BatchMax } all => throw Calls.Bad($"instanceBatch: {all.Count} instances, {BatchMax} at most"),
        var all => all,
    };

    static int PageSize(int asked) => asked <= 0 ? 100 : Math.Min(asked, PageSizeMax);

    static List<OrchestrationStatus> Statuses(IEnumerable<Protocol.OrchestrationStatus> wire) =>
        [.. wire.Select(s => (OrchestrationStatus)s).Distinct()];
}
