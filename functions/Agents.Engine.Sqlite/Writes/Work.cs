using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Writes;

/// <summary>Something for the writer thread. Continuations leave that thread at once.</summary>
internal abstract class Work
{
    public abstract void Fail(Exception e);

    public virtual void Run(Connection connection, GroupWriter group) => throw new NotSupportedException();
}

/// <summary>One caller's batch; <see cref="Outcomes"/> are filled by the group writer.</summary>
internal sealed class WriteWork(IReadOnlyList<StoreWrite> batch) : Work
{
    readonly TaskCompletionSource<IReadOnlyList<WriteOutcome>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<StoreWrite> Batch => batch;

    public WriteOutcome[] Outcomes { get; } = new WriteOutcome[batch.Count];

    public Task<IReadOnlyList<WriteOutcome>> Task => _done.Task;

    public void Complete() => _done.TrySetResult(Outcomes);

    public override void Fail(Exception e) => _done.TrySetException(e);
}

/// <summary>A rare operation, in a transaction of its own.</summary>
internal sealed class ActionWork<T>(Func<Connection, GroupWriter, T> action) : Work
{
    readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Task => _done.Task;

    public override void Fail(Exception e) => _done.TrySetException(e);

    public override void Run(Connection connection, GroupWriter group)
    {
        try
        {
            _done.TrySetResult(Transaction.Run(connection, () => action(connection, group)));
        }
        catch (SqliteFault e)
        {
            Fail(e.ToUnavailable());
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }
}
