using Agents.Contracts.Work;
using Agents.Protocol;

namespace Agents.Engine.Grpc.Work;

/// <summary>One call of an activity by a tool of this process. It waits for its answer; nothing of it is in a history.</summary>
internal sealed class CallItem(WorkerCall call) : PendingItem(call.InstanceId, call.ExecutionId, call.Name, call.Version)
{
    /// <summary>First part of tokens that tell which attempt they are about, also when this process knows nothing of it any more.</summary>
    const string OncePrefix = "once";

    readonly TaskCompletionSource<WorkerAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    ITimer? _patience;
    bool _ended;

    public override WorkKind Kind => WorkKind.Activity;

    public WorkerCall Call => call;

    public Task<WorkerAnswer> Answer => _answer.Task;

    /// <summary>What the caller was last told of who takes this; null: nothing yet.</summary>
    public bool? ToldUnserved { get; set; }

    public override bool IsRefusedBy(WorkerStream worker) => worker.Unknown.Contains((Name, Version));

    public override string TokenOf(Guid delivery) =>
        call.Once is { } once ? $"{OncePrefix}.{once.Token}.{once.Key}.{delivery:N}" : base.TokenOf(delivery);

    /// <summary>The attempt a token is about; null: it is no such token.</summary>
    public static CallAttempt? AttemptOf(string token) =>
        token.Split('.') is [OncePrefix, { Length: > 0 } attempt, { Length: > 0 } key, _] ? new CallAttempt(key, attempt) : null;

    public void Conclude(WorkerAnswer answer) => _answer.TrySetResult(answer);

    public void Cancel(CancellationToken cancel) => _answer.TrySetCanceled(cancel);

    public void WaitFor(ITimer patience)
    {
        _patience?.Dispose();
        _patience = patience;
        if (_ended)
        {
            patience.Dispose();
        }
    }

    /// <summary>Nobody waits for it any more.</summary>
    public void Ended()
    {
        _ended = true;
        _patience?.Dispose();
    }

    public override ValueTask<WorkItem> BuildAsync(WorkerStream worker, string token, CancellationToken cancel) =>
        new(ActivityItem.Message(this, token, call.TaskId, call.Input, call.Trace, call.Tags));
}
