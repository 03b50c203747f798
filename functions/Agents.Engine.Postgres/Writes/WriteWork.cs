using Agents.Engine.Store;

namespace Agents.Engine.Postgres.Writes;

/// <summary>One caller's batch; <see cref="Outcomes"/> are filled by the group writer.</summary>
internal sealed class WriteWork(IReadOnlyList<StoreWrite> batch)
{
    readonly TaskCompletionSource<IReadOnlyList<WriteOutcome>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<StoreWrite> Batch => batch;

    public WriteOutcome[] Outcomes { get; } = new WriteOutcome[batch.Count];

    public Task<IReadOnlyList<WriteOutcome>> Task => _done.Task;

    public void Complete() => _done.TrySetResult(Outcomes);

    public void Fail(Exception e) => _done.TrySetException(e);
}

/// <summary>A write and the place of its outcome.</summary>
internal sealed record PendingWrite(StoreWrite Write, WriteOutcome[] Outcomes, int Index)
{
    public WriteOutcome Outcome
    {
        get => Outcomes[Index];
        set => Outcomes[Index] = value;
    }
}
