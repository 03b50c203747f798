namespace Agents.Engine.Work;

/// <summary>Bounds how many activities of this node run at once; the others wait, each tenant and run for its share.</summary>
internal sealed class ActivitySlots(int max)
{
    readonly Lock _gate = new();
    readonly FairLine<TaskCompletionSource> _waiting = new();
    int _free = max;

    public Task TakeAsync(Share share)
    {
        lock (_gate)
        {
            if (_free > 0)
            {
                _free--;
                return Task.CompletedTask;
            }

            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add(share, turn);
            return turn.Task;
        }
    }

    public void Release()
    {
        lock (_gate)
        {
            if (_waiting.TryTake(out var next))
            {
                next.SetResult();
                return;
            }

            _free++;
        }
    }
}
