using Agents.Access;
using Agents.Engine.Grpc.Hubs;
using Agents.Engine.Grpc.Work;
using Agents.Protocol;
using Grpc.Core;

namespace Agents.Engine.Grpc.Rpc;

/// <summary>The workers' calls.</summary>
internal sealed partial class SidecarService
{
    public override async Task GetWorkItems(
        GetWorkItemsRequest request, IServerStreamWriter<WorkItem> responseStream, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        var name = context.RequestHeaders.GetValue("workerid")
            ?? (request.WorkerInstanceId.Length > 0 ? request.WorkerInstanceId : context.Peer);
        var worker = new WorkerStream(request, Calls.Connection(context), name, options);
        using var lapse = Lapse(hub, context);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(
            context.CancellationToken, stopping.Token, hub.Closed, lapse?.Token ?? CancellationToken.None);
        Log.Connected(hub.Log, name, hub.Name);
        hub.Broker.Connect(worker);
        try
        {
            await SendAsync(hub, worker, responseStream, ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The worker left, or we do: the stream ends in order and the worker comes back.
        }
        catch (Exception e) when (context.CancellationToken.IsCancellationRequested && e is InvalidOperationException or IOException)
        {
            // It left while something was being written to it.
        }
        finally
        {
            hub.Broker.Disconnect(worker);
            Log.Disconnected(hub.Log, name, hub.Name);
        }
    }

    /// <summary>
    /// Cancelled when the token the worker came in with is no longer good: its stream ends in order, and it comes back with
    /// a fresh one. Null: it is good without end.
    /// </summary>
    static CancellationTokenSource? Lapse(TaskHub hub, ServerCallContext context)
    {
        var longest = TimeSpan.FromDays(1); // a stream of a day may end all the same
        return AccessClaims.Until(context.GetHttpContext().User) is not { } until ? null
            : new CancellationTokenSource(
                TimeSpan.FromTicks(Math.Clamp((until - hub.Clock.GetUtcNow()).Ticks, 0, longest.Ticks)), hub.Clock);
    }

    async Task SendAsync(TaskHub hub, WorkerStream worker, IServerStreamWriter<WorkItem> stream, CancellationToken cancel)
    {
        var ready = worker.Outgoing.WaitToReadAsync(cancel).AsTask();
        while (true)
        {
            try
            {
                if (!await ready.WaitAsync(options.PingEvery, hub.Clock, cancel))
                {
                    return;
                }
            }
            catch (TimeoutException)
            {
                await stream.WriteAsync(new WorkItem { HealthPing = new HealthPing() }, cancel);
                continue;
            }

            while (worker.Outgoing.TryRead(out var next))
            {
                var message = await next.Item.BuildAsync(worker, next.Token, cancel);
                if (hub.Broker.MarkSent(next.Item, next.Token))
                {
                    await stream.WriteAsync(message, cancel);
                }
            }

            ready = worker.Outgoing.WaitToReadAsync(cancel).AsTask();
        }
    }

    public override async Task<CompleteTaskResponse> CompleteActivityTask(ActivityResponse request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        Calls.Instance(request.InstanceId);

        // Not under the caller's cancellation: what is being written is written, whoever waits for it.
        await hub.Broker.CompleteActivityAsync(hub.Client, request, Calls.Connection(context), CancellationToken.None);
        return new CompleteTaskResponse();
    }

    public override async Task<CompleteTaskResponse> CompleteOrchestratorTask(OrchestratorResponse request, ServerCallContext context)
    {
        var hub = await HubAsync(context);
        Calls.Instance(request.InstanceId);
        return new CompleteTaskResponse
        {
            CommittedEvents = await hub.Broker.CompleteTurnAsync(request, Calls.Connection(context)),
        };
    }

    public override Task<CompleteTaskResponse> CompleteWorkflowTask(OrchestratorResponse request, ServerCallContext context) =>
        CompleteOrchestratorTask(request, context);

    public override Task<AbandonOrchestrationTaskResponse> AbandonTaskWorkflowWorkItem(
        AbandonOrchestrationTaskRequest request, ServerCallContext context) => AbandonTaskOrchestratorWorkItem(request, context);

    public override async Task<AbandonActivityTaskResponse> AbandonTaskActivityWorkItem(
        AbandonActivityTaskRequest request, ServerCallContext context)
    {
        (await HubAsync(context)).Broker.Abandon(request.CompletionToken, WorkKind.Activity);
        return new AbandonActivityTaskResponse();
    }

    public override async Task<AbandonOrchestrationTaskResponse> AbandonTaskOrchestratorWorkItem(
        AbandonOrchestrationTaskRequest request, ServerCallContext context)
    {
        (await HubAsync(context)).Broker.Abandon(request.CompletionToken, WorkKind.Orchestration);
        return new AbandonOrchestrationTaskResponse();
    }
}
