using System.Runtime.CompilerServices;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Protocol.Mapping;
using Grpc.Core;
using Wire = Agents.Protocol;

namespace Agents.Client.DurableTask;

/// <summary>A work item; its token is good for this delivery only.</summary>
public abstract record TakenItem(string InstanceId, string Token);

/// <summary>A turn: committed history, and what has come since. The history is whole.</summary>
public sealed record TakenTurn(
    string InstanceId, string ExecutionId, IReadOnlyList<HistoryEvent> Past, IReadOnlyList<HistoryEvent> Fresh, string Token)
    : TakenItem(InstanceId, Token);

/// <summary>An activity to be run once or, after a loss, once more.</summary>
public sealed record TakenActivity(
    string InstanceId, int TaskId, string Name, string? Version, string? Input, TraceLink? Trace, string Token)
    : TakenItem(InstanceId, Token);

/// <summary>
/// The workers' door of a task hub. Whoever takes an item completes it or gives it back; items of a stream that ends go to
/// others after a moment.
/// </summary>
public sealed class WorkItemClient
{
    readonly TaskHubConnection _connection;

    internal WorkItemClient(TaskHubConnection connection) => _connection = connection;

    /// <summary>
    /// Items as they come, at most so many of a kind at once, until the service ends the stream (then take again) or
    /// <paramref name="cancel"/> is cancelled.
    /// </summary>
    public async IAsyncEnumerable<TakenItem> TakeAsync(int turnsMax, int activitiesMax, [EnumeratorCancellation] CancellationToken cancel)
    {
        var asked = new Wire.GetWorkItemsRequest
        {
            MaxConcurrentOrchestrationWorkItems = turnsMax, MaxConcurrentActivityWorkItems = activitiesMax,
        };
        using var call = _connection.Stub.GetWorkItems(asked, _connection.Options(cancel));
        await foreach (var item in call.ResponseStream.ReadAllAsync(cancel))
        {
            if (item.OrchestratorRequest is { } turn)
            {
                yield return new TakenTurn(
                    turn.InstanceId, turn.ExecutionId, [.. turn.PastEvents.Select(HistoryFromWire.Read)],
                    [.. turn.NewEvents.Select(HistoryFromWire.Read)], item.CompletionToken);
            }
            else if (item.ActivityRequest is { } activity)
            {
                yield return new TakenActivity(
                    activity.OrchestrationInstance.InstanceId, activity.TaskId, activity.Name, activity.Version, activity.Input,
                    TraceWire.FromWire(activity.ParentTraceContext), item.CompletionToken);
            }
        }
    }

    /// <summary>Returns once what the turn asks for is committed, or was too late.</summary>
    public async Task CompleteAsync(TakenTurn item, OrchestratorTurn turn, CancellationToken cancel)
    {
        var answer = new Wire.OrchestratorResponse
        {
            InstanceId = item.InstanceId, CompletionToken = item.Token, CustomStatus = turn.CustomStatus,
            OrchestrationTraceContext = TraceWire.ToBytes(turn.Span),
        };
        answer.Actions.Add(turn.Actions.Select(ActionWire.ToWire));
        await _connection.Stub.CompleteOrchestratorTaskAsync(answer, _connection.Options(cancel));
    }

    /// <summary>Returns once the result, or the failure where there is one, is kept.</summary>
    public async Task CompleteAsync(TakenActivity item, string? result, FailureDetails? failure, CancellationToken cancel) =>
        await _connection.Stub.CompleteActivityTaskAsync(
            new Wire.ActivityResponse
            {
                InstanceId = item.InstanceId, TaskId = item.TaskId, CompletionToken = item.Token, Result = result,
                FailureDetails = FailureWire.ToWire(failure),
            },
            _connection.Options(cancel));

    /// <summary>For another worker, or this one later.</summary>
    public async Task GiveBackAsync(TakenItem item, CancellationToken cancel)
    {
        if (item is TakenTurn)
        {
            await _connection.Stub.AbandonTaskOrchestratorWorkItemAsync(
                new Wire.AbandonOrchestrationTaskRequest { CompletionToken = item.Token }, _connection.Options(cancel));
        }
        else
        {
            await _connection.Stub.AbandonTaskActivityWorkItemAsync(
                new Wire.AbandonActivityTaskRequest { CompletionToken = item.Token }, _connection.Options(cancel));
        }
    }
}
