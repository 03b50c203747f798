using System.Runtime.CompilerServices;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Protocol.Mapping;
using Grpc.Core;
using Wire = Agents.Protocol;

namespace Agents.Client.DurableTask;

/// <summary>
/// The workers' door of a task hub. Whoever takes an item completes it or gives it back; items of a stream that ends go to
/// others after a moment.
/// </summary>
public sealed class WorkItemClient
{
    readonly TaskHubConnection _connection;
    long _received;

    internal WorkItemClient(TaskHubConnection connection) => _connection = connection;

    /// <summary>Bytes of the work items that came.</summary>
    public long ReceivedBytes => Interlocked.Read(ref _received);

    /// <summary>
    /// Items as they come, at most so many of a kind at once, until the service ends the stream (then take again) or
    /// <paramref name="cancel"/> is cancelled.
    /// </summary>
    public async IAsyncEnumerable<TakenItem> TakeAsync(WorkOffer offer, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var call = _connection.Stub.GetWorkItems(Asked(offer), _connection.Options(cancel));
        await foreach (var item in call.ResponseStream.ReadAllAsync(cancel))
        {
            Interlocked.Add(ref _received, item.CalculateSize());
            if (item.OrchestratorRequest is { } turn)
            {
                yield return Turn(turn, item.CompletionToken);
            }
            else if (item.ActivityRequest is { Attempt: { } attempt } agent)
            {
                yield return new TakenAttempt(AttemptWire.FromWire(agent, attempt), item.CompletionToken);
            }
            else if (item.ActivityRequest is { } activity)
            {
                yield return new TakenActivity(
                    activity.OrchestrationInstance.InstanceId, activity.TaskId, activity.Name, activity.Version, activity.Input,
                    TraceWire.FromWire(activity.ParentTraceContext), item.CompletionToken);
            }
            else if (item.AttemptStop is not null)
            {
                yield return new StoppedAttempt(item.CompletionToken);
            }
        }
    }

    static Wire.GetWorkItemsRequest Asked(WorkOffer offer)
    {
        var asked = new Wire.GetWorkItemsRequest
        {
            MaxConcurrentOrchestrationWorkItems = offer.TurnsMax, MaxConcurrentActivityWorkItems = offer.ActivitiesMax,
            WorkerInstanceId = offer.Key ?? "", Capabilities = { Wire.WorkerCapability.HistoryStreaming },
        };
        if (offer.KeepsExecutions)
        {
            asked.Capabilities.Add(Wire.WorkerCapability.KeepsExecutions);
        }

        if (offer.RunsAgents)
        {
            asked.Capabilities.Add(Wire.WorkerCapability.AgentWork);
        }

        if (offer.Orchestrators is { } orchestrators)
        {
            asked.WorkItemFilters = new Wire.WorkItemFilters();
            asked.WorkItemFilters.Orchestrations.Add(orchestrators.Select(o => o.Version is { } version
                ? new Wire.OrchestrationFilter { Name = o.Name, Versions = { version } }
                : new Wire.OrchestrationFilter { Name = o.Name }));
            asked.WorkItemFilters.Activities.Add(offer.Activities.Select(a => new Wire.ActivityFilter { Name = a }));
        }

        return asked;
    }

    static TakenTurn Turn(Wire.OrchestratorRequest turn, string token) => new(
        turn.InstanceId, turn.ExecutionId, [.. turn.PastEvents.Select(HistoryFromWire.Read)],
        [.. turn.NewEvents.Select(HistoryFromWire.Read)], token)
    {
        Kept = turn.KeptEvents,
        PastToRead = turn.RequiresHistoryStreaming ? Math.Max(turn.PastEventsCount, 1) : 0,
        Generation = turn.Generation,
        Seeds = [.. turn.SeedsInForce.Select(s => new IdentitySeed(s.FromSequence, s.Seed, s.RunIdentity))],
    };

    /// <summary>The history of a turn that is to be read apart, as it stood before the turn.</summary>
    public async Task<IReadOnlyList<HistoryEvent>> ReadPastAsync(TakenTurn item, CancellationToken cancel)
    {
        var events = new List<HistoryEvent>();
        var asked = new Wire.StreamInstanceHistoryRequest
        {
            InstanceId = item.InstanceId, ExecutionId = item.ExecutionId, ForWorkItemProcessing = true,
        };
        using var call = _connection.Stub.StreamInstanceHistory(asked, _connection.Options(cancel));
        await foreach (var chunk in call.ResponseStream.ReadAllAsync(cancel))
        {
            events.AddRange(chunk.Events.Select(HistoryFromWire.Read));
        }

        return events;
    }

    /// <summary>
    /// Returns once what the turn asks for is committed: the events its execution has then. 0: it was too late, or nothing
    /// was written, and whatever the worker keeps of the execution is worth nothing.
    /// </summary>
    public async Task<long> CompleteAsync(TakenTurn item, OrchestratorTurn turn, CancellationToken cancel)
    {
        var answer = new Wire.OrchestratorResponse
        {
            InstanceId = item.InstanceId, CompletionToken = item.Token, CustomStatus = turn.CustomStatus,
            OrchestrationTraceContext = TraceWire.ToBytes(turn.Span),
        };
        answer.Actions.Add(turn.Actions.Select(ActionWire.ToWire));
        if (turn.Divergence is { } d)
        {
            answer.Divergence = new Wire.TurnDivergence
            {
                Sequence = d.Sequence, Event = d.Event, Expected = d.Expected, Actual = d.Actual,
            };
        }

        return (await _connection.Stub.CompleteOrchestratorTaskAsync(answer, _connection.Options(cancel))).CommittedEvents;
    }

    /// <summary>The worker does not keep that execution: the turn comes again with its history.</summary>
    public async Task AskForHistoryAsync(TakenTurn item, CancellationToken cancel) =>
        await _connection.Stub.CompleteOrchestratorTaskAsync(
            new Wire.OrchestratorResponse { InstanceId = item.InstanceId, CompletionToken = item.Token, RequiresHistory = true },
            _connection.Options(cancel));

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
