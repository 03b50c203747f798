using Agents.Pool.Routing;
using Agents.Pool.Workers;

namespace Agents.Pool.Queue;

/// <summary>What became of a request that asked for a worker.</summary>
abstract record Turn
{
    Turn()
    {
    }

    /// <summary>It may go there. Whoever holds it must end it.</summary>
    public sealed record Go(Place Place) : Turn;

    /// <summary>It may not go.</summary>
    /// <param name="RetryAfter">When it may be sent again; null where that changes nothing.</param>
    public sealed record Refused(RefusalKind Kind, TimeSpan? RetryAfter) : Turn;
}

/// <summary>Why a request was not sent to any worker.</summary>
enum RefusalKind
{
    UnknownModel,
    TooLong,

    /// <summary>As many wait as may.</summary>
    QueueFull,

    /// <summary>No worker had room in time.</summary>
    WaitedTooLong,

    /// <summary>Every worker with the model is down, and was all the time it waited.</summary>
    NoWorker,

    Stopping,
}

/// <summary>A request's place on a worker.</summary>
sealed class Place(Dispatcher dispatcher, WorkerEntry entry, WorkInHand work)
{
    public string Worker => Entry.Name;

    /// <summary>Base address of the model server, or "dapr:APP-ID".</summary>
    public string Address { get; } = entry.Report.Address;

    public WorkerEntry Entry { get; } = entry;

    public WorkInHand Work { get; } = work;

    /// <summary>The first byte of the reply came.</summary>
    public void Answers() => dispatcher.Answers(this);

    /// <summary>Gives the place back; the first call counts.</summary>
    public void End(WorkEnd end, ReplyTokens tokens = default, string? failure = null) => dispatcher.End(this, end, tokens, failure);
}

/// <summary>A request that waits for its turn.</summary>
sealed class Waiter(WaitingRequest request)
{
    readonly TaskCompletionSource<Turn> _turn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public WaitingRequest Request { get; } = request;

    /// <summary>Some worker that could have taken it was up while it waited.</summary>
    public bool SawWorker { get; set; }

    /// <summary>Some worker served its model while it waited.</summary>
    public bool KnowsModel { get; set; }

    public Task<Turn> Turn => _turn.Task;

    public void Take(Turn turn) => _turn.SetResult(turn);
}
