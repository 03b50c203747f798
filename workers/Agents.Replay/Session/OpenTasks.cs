using Agents.Contracts.History;
using Agents.Contracts.Instances;

namespace Agents.Replay.Session;

/// <summary>An activity without an outcome. The completion source is the open task itself: one object less.</summary>
internal sealed class OpenActivity(string name, int id) : TaskCompletionSource<RawResult>
{
    public void Complete(string? result, EventReference reference) => TrySetResult(new RawResult(result, reference, id));

    public void Fail(FailureDetails failure) => TrySetException(new TaskFailedException(name, id, failure));
}

internal sealed class OpenChild(string name, int id) : TaskCompletionSource<string?>
{
    public void Complete(string? result) => TrySetResult(result);

    public void Fail(FailureDetails failure) => TrySetException(new TaskFailedException(name, id, failure));
}

internal sealed class OpenTimer : TaskCompletionSource
{
    /// <summary>Set by the one who made the timer; released when it fires.</summary>
    public CancellationTokenRegistration Cancellation { get; set; }

    public void Fire()
    {
        Cancellation.Dispose();
        TrySetResult();
    }
}
