using Agents.Client.DurableTask;
using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Grpc.Core;

namespace Agents.Worker.DurableTask;

/// <summary>Runs turns that were taken from a service, on an execution that is kept or on its history.</summary>
sealed class TurnRunner(WorkItemClient work, IOrchestratorHost orchestrators, KeptExecutions kept, TimeProvider clock)
{
    const int AttemptsMax = 3;
    static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(300);

    /// <summary>Reads the history of a turn that comes without it.</summary>
    public Func<TakenTurn, CancellationToken, Task<IReadOnlyList<HistoryEvent>>> ReadPast { get; init; } = work.ReadPastAsync;

    /// <summary>Where code and history part ways is told to the service, which knows what to do; otherwise the orchestration fails.</summary>
    public bool TellsDivergence { get; init; }

    /// <summary>
    /// What the code asked for is committed, or will be asked for again by whoever has the turn next. A session whose turn
    /// was not committed is worth nothing and goes.
    /// </summary>
    public async Task RunAsync(TakenTurn item, CancellationToken cancel)
    {
        using var entry = await kept.EnterAsync(item.InstanceId, item.ExecutionId, cancel);
        var committed = 0L;
        try
        {
            if (await TurnAsync(entry, item, cancel) is not { } turn)
            {
                return;
            }

            if (turn.Divergence is { } divergence && !TellsDivergence)
            {
                turn = Failed("NonDeterministicOrchestration", $"The code and the history part ways at {divergence}");
            }

            committed = await CompleteAsync(item, turn, cancel);
            if (turn.Divergence is not null || turn.Actions.Any(a => a is CompleteOrchestrationAction))
            {
                committed = 0;
            }
        }
        finally
        {
            if (committed > 0 && entry.Session is { } session)
            {
                entry.Keep(session, committed);
            }
            else
            {
                entry.Drop();
            }
        }
    }

    /// <summary>Null: the item went back.</summary>
    async Task<OrchestratorTurn?> TurnAsync(KeptExecutions.Entry entry, TakenTurn item, CancellationToken cancel)
    {
        if (item.Kept > 0)
        {
            if (entry.Session is { } hot && entry.Events == item.Kept)
            {
                return hot.Run([], Numbered(item.Fresh, item.Kept));
            }

            await work.AskForHistoryAsync(item, cancel);
            return null;
        }

        entry.Drop();
        var past = item.PastToRead > 0 ? await ReadPast(item, cancel) : item.Past;
        if (past.Concat(item.Fresh).OfType<ExecutionStarted>().FirstOrDefault() is not { } start
            || orchestrators.Match(start.Name, start.Version) is var match && match == OrchestratorMatch.OtherVersion)
        {
            await work.GiveBackAsync(item, cancel);
            return null;
        }

        if (match != OrchestratorMatch.Found)
        {
            return NotHere(match, start);
        }

        entry.Keep(orchestrators.Open(Identity(item, start)), 0);
        return entry.Session!.Run(Numbered(past, 0), Numbered(item.Fresh, past.Count));
    }

    static OrchestratorIdentity Identity(TakenTurn item, ExecutionStarted start) => new(
        new InstanceId(item.InstanceId), new ExecutionId(item.ExecutionId), item.Generation,
        item.Seeds.Count > 0

            // A rewind changes the execution's id and keeps its beginning: ids made before it must come out the same.
            ? item.Seeds : [new IdentitySeed(0, $"{item.InstanceId}@{start.Timestamp:O}", item.InstanceId)]);

    /// <summary>Said again where nobody may have heard it: a second time means nothing once the first one counted.</summary>
    async Task<long> CompleteAsync(TakenTurn item, OrchestratorTurn turn, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await work.CompleteAsync(item, turn, cancel);
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable && attempt < AttemptsMax)
            {
                await Task.Delay(s_again, clock, cancel);
            }
        }
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
}
