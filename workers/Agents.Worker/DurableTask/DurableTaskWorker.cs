using Agents.Client.DurableTask;
using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Grpc.Core;

namespace Agents.Worker.DurableTask;

/// <summary>What an activity does: input and result are JSON texts. What it throws, the orchestration is told.</summary>
public delegate Task<string?> ActivityCode(string? input, CancellationToken cancel);

/// <summary>
/// Runs orchestrators and activities of this process for a task hub: takes work items, and comes back when the service goes
/// away for a while. Any number of workers may serve a hub.
/// </summary>
public sealed class DurableTaskWorker(
    WorkItemClient work, IOrchestratorHost orchestrators, IReadOnlyDictionary<string, ActivityCode> activities, TimeProvider clock)
{
    static readonly TimeSpan s_backMin = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan s_backMax = TimeSpan.FromSeconds(10);

    public int TurnsMax { get; init; } = 100;

    public int ActivitiesMax { get; init; } = 100;

    /// <summary>Serves until cancelled. Throws what the service refuses for good: no key, no right to the hub.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var wait = s_backMin;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await foreach (var item in work.TakeAsync(TurnsMax, ActivitiesMax, cancel))
                {
                    wait = s_backMin;
                    _ = DoAsync(item, cancel);
                }
            }
            catch (RpcException e) when (e.StatusCode is not (StatusCode.Unauthenticated or StatusCode.PermissionDenied or StatusCode.InvalidArgument))
            {
                // Not there, or going: it is asked again below.
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(wait, clock, cancel).ContinueWith(static _ => { }, TaskScheduler.Default);
            wait = wait * 2 > s_backMax ? s_backMax : wait * 2;
        }
    }

    async Task DoAsync(TakenItem item, CancellationToken cancel)
    {
        await Task.Yield(); // the stream goes on while this is done
        try
        {
            await (item is TakenTurn turn ? TurnAsync(turn, cancel) : ActivityAsync((TakenActivity)item, cancel));
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            // The service did not hear of it: it hands the item out again.
        }
    }

    async Task TurnAsync(TakenTurn item, CancellationToken cancel)
    {
        if (item.Past.Concat(item.Fresh).OfType<ExecutionStarted>().FirstOrDefault() is not { } start
            || orchestrators.Match(start.Name, start.Version) is var match && match == OrchestratorMatch.OtherVersion)
        {
            await work.GiveBackAsync(item, cancel);
            return;
        }

        await work.CompleteAsync(item, match == OrchestratorMatch.Found ? Run(item, start) : NotHere(match, start), cancel);
    }

    OrchestratorTurn Run(TakenTurn item, ExecutionStarted start)
    {
        // A rewind changes the execution's id and keeps its beginning: ids made before it must come out the same.
        var seed = $"{item.InstanceId}@{start.Timestamp:O}";
        using var session = orchestrators.Open(new OrchestratorIdentity(
            new InstanceId(item.InstanceId), new ExecutionId(item.ExecutionId), 0, [new IdentitySeed(0, seed, item.InstanceId)]));
        var turn = session.Run(Numbered(item.Past, 0), Numbered(item.Fresh, item.Past.Count));
        return turn.Divergence is not { } divergence
            ? turn
            : Failed("NonDeterministicOrchestration", $"The code and the history part ways at {divergence}");
    }

    static List<SequencedEvent> Numbered(IReadOnlyList<HistoryEvent> events, long first) =>
        [.. events.Select((e, i) => new SequencedEvent(first + i, e))];

    static OrchestratorTurn NotHere(OrchestratorMatch match, ExecutionStarted start) => match == OrchestratorMatch.VersionRefused
        ? Failed("VersionMismatch", $"Version '{start.Version}' of '{start.Name}' is not served here.")
        : Failed("OrchestratorTaskNotFound", $"No orchestrator named '{start.Name}' is registered here.");

    static OrchestratorTurn Failed(string type, string message) => new(
        [
            new CompleteOrchestrationAction
            {
                Id = int.MaxValue, Status = OrchestrationStatus.Failed, Failure = new FailureDetails(type, message, IsNonRetriable: true),
            },
        ],
        null, null);

    async Task ActivityAsync(TakenActivity item, CancellationToken cancel)
    {
        if (!activities.TryGetValue(item.Name, out var code))
        {
            var unknown = new FailureDetails("ActivityTaskNotFound", $"No activity named '{item.Name}' is registered here.", IsNonRetriable: true);
            await work.CompleteAsync(item, null, unknown, cancel);
            return;
        }

        string? result = null;
        FailureDetails? failure = null;
        try
        {
            result = await code(item.Input, cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            failure = FailureDetails.From(e);
        }

        await work.CompleteAsync(item, result, failure, cancel);
    }
}
