using Agents.Client.DurableTask;
using Grpc.Core;

namespace Agents.Worker.DurableTask;

/// <summary>Takes work items from a service, and comes back when it goes away for a while.</summary>
static class WorkLoop
{
    static readonly TimeSpan s_backMin = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan s_backMax = TimeSpan.FromSeconds(10);

    /// <summary>
    /// </summary>
    public static async Task RunAsync(
        WorkItemClient work, WorkOffer offer, Func<TakenItem, Task> handle, TimeProvider clock, CancellationToken cancel)
    {
        var wait = s_backMin;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await foreach (var item in work.TakeAsync(offer, cancel))
                {
                    wait = s_backMin;
                    _ = handle(item);
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
}
