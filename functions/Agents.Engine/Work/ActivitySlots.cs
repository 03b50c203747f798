namespace Agents.Engine.Work;

/// <summary>Bounds how many activities of this node run at once; the others wait in order.</summary>
internal sealed class ActivitySlots(int max)
{
    readonly Lock _gate = new();
    readonly Queue<TaskCompletionSource> _waiting = new();
    int _free = max;

    public Task TakeAsync()
    {
        lock (_gate)
        {
            if (_free > 0)
            {
                _free--;
                return Task.CompletedTask;
            }

            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
            return turn.Task;
        }
    }

    public void Release()
    {
        lock (_gate)
        {
            if (_waiting.TryDequeue(out var next))
            {
                next.SetResult();
                return;
            }

            _free++;
        }
    }
}
