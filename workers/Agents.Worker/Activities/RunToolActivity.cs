using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Loop.Calls;
using Agents.Worker.Transcripts;

namespace Agents.Worker.Activities;

/// <summary>
/// One attempt at one tool call. The arguments are those of the stored message, byte for byte; whether an attempt may
/// act is asked of the engine at the last moment, by the tool.
/// </summary>
sealed class RunToolActivity(TranscriptCache cache, ToolRunning run)
{
    public async Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        var transcript = cache.Get(item.InstanceId, item.ExecutionId);
        ToolWork work;
        try
        {
            var place = ToolCallInput.Parse(item.Input);
            var input = await transcript.InputAsync(item, context.History, cancel);
            var call = await transcript.CallAsync(item, context.History, cancel);
            work = new ToolWork
            {
                Run = input,
                Call = call,
                Key = item.Effect?.Key ?? IdempotencyKey.For(
                    item.InstanceId.Value, checked((int)place.Message), place.Call, call.Name, call.Arguments),
                Item = item,
                Context = context,
                MayAct = context.MayAct,
                Inherited = item.ForkOf is not null
                    ? (beginning, stop) => PastCalls.ReadAsync(item, context.History, beginning, stop) : null,
            };
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return NotReached(item, e);
        }

        return await run(work, cancel);
    }

    // The tool was not asked. As an exception this would put an AtMostOnce effect in doubt that nobody began; but while
    // reconciling, an earlier attempt may have acted, and we have not found out.
    static ActivityOutcome NotReached(ActivityWorkItem item, Exception e)
    {
        var why = e is FormatException ? $"AG3005: {e.Message}" : e.Message;
        return item.Mode == ActivityMode.Reconcile
            ? new ActivityOutcome.InDoubt($"the call could not be read, so its outcome was not looked for: {why}")
            : new ActivityOutcome.Failed(new FailureDetails(
                e.GetType().Name, why, IsNonRetriable: e is FormatException or InvalidOperationException));
    }
}
