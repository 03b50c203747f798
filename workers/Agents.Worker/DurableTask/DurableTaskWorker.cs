using Agents.Client.DurableTask;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Grpc.Core;

namespace Agents.Worker.DurableTask;

/// <summary>What an activity does: input and result are JSON texts. What it throws, the orchestration is told.</summary>
public delegate Task<string?> ActivityCode(string? input, CancellationToken cancel);

/// <summary>
/// Runs orchestrators and activities of this process for a task hub: takes work items, and comes back when the service goes
/// away for a while. Any number of workers may serve a hub. Executions are kept between their turns, so that a turn brings
/// what is new and not the whole history.
/// </summary>
public sealed class DurableTaskWorker(
    WorkItemClient work, IOrchestratorHost orchestrators, IReadOnlyDictionary<string, ActivityCode> activities, TimeProvider clock)
{
    readonly TurnRunner _turns = new(work, orchestrators, new KeptExecutions(), clock);

    public int TurnsMax { get; init; } = 100;

    public int ActivitiesMax { get; init; } = 100;

    /// <summary>Serves until cancelled. Throws what the service refuses for good: no key, no right to the hub.</summary>
    public Task RunAsync(CancellationToken cancel) => WorkLoop.RunAsync(
        work, new WorkOffer { TurnsMax = TurnsMax, ActivitiesMax = ActivitiesMax, KeepsExecutions = true },
        item => DoAsync(item, cancel), clock, cancel);

    async Task DoAsync(TakenItem item, CancellationToken cancel)
    {
        await Task.Yield(); // the stream goes on while this is done
        try
        {
            await (item is TakenTurn turn ? _turns.RunAsync(turn, cancel) : ActivityAsync((TakenActivity)item, cancel));
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            // The service did not hear of it: it hands the item out again.
        }
    }

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
