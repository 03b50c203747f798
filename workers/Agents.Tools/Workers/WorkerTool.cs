using System.Text.Json;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Work;

namespace Agents.Tools.Workers;

/// <summary>
/// A tool that is an activity of a connected worker, in whatever language. The call waits until a worker is there that
/// takes the activity; what the ledger promises begins when one is given it.
/// </summary>
class WorkerTool(ToolSpec spec, ToolEnvironment environment, ActivityTool activity) : ITool
{
    public ToolSpec Spec { get; } = spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var once = Spec.Effect == EffectClass.AtMostOnce;
        var answer = await AskAsync(
            call, activity.Name, once ? new CallAttempt(call.Key, call.AttemptToken) : null,
            () => !call.Place!.IsHeld() && (!once || call.MayAct()), cancel);
        return WorkerReply.Read(answer, Spec, activity);
    }

    protected async Task<WorkerAnswer> AskAsync(
        ToolInvocation call, string name, CallAttempt? once, Func<bool> mayGo, CancellationToken cancel)
    {
        if (call.Place is not { } place)
        {
            throw new ToolFaultException(ToolErrors.UnknownTool, $"'{Spec.Name}' is an activity of a worker and can be called by a run only");
        }

        place.GoElsewhere();
        await using var notice = new WaitNotice(environment.Clock, place.Waits, Missing(name));
        if (environment.Workers is not { } workers)
        {
            // The run goes on where it is hosted with an endpoint; until then it says what it waits for.
            notice.Set(unserved: true);
            await Task.Delay(Timeout.InfiniteTimeSpan, environment.Clock, cancel);
            throw new OperationCanceledException(cancel);
        }

        return await workers.CallAsync(
            new WorkerCall
            {
                InstanceId = new InstanceId(call.RunId),
                ExecutionId = place.ExecutionId,
                TaskId = place.TaskId,
                Name = name,
                Version = activity.Version,
                Input = WorkerInput.Of(call, activity),
                Tags = WorkerInput.TagsOf(call),
                Trace = place.Trace,
                Once = once,
                Timeout = activity.Timeout,
                MayGo = mayGo,
                Unserved = notice.Set,
                Kept = place.Settled,
            },
            cancel);
    }

    string Missing(string name)
    {
        var which = activity.Version is { } version ? $"{name} version '{version}'" : name;
        return environment.Workers is null
            ? $"no compatible worker for {which}: this process takes no workers (--grpc-port)"
            : $"no compatible worker for {which}";
    }
}

/// <summary>One whose worker tells by key what became of an earlier call.</summary>
sealed class ProbedWorkerTool(ToolSpec spec, ToolEnvironment environment, ActivityTool activity, string probe)
    : WorkerTool(spec, environment, activity), IReconcileProbe
{
    /// <summary>The worker that had the call may act all the same, whatever became of the process that hosted the run.</summary>
    public bool DiesWithItsProcess => false;

    public async Task<ProbeOutcome> ProbeAsync(ToolInvocation call, CancellationToken cancel) =>
        WorkerReply.ReadProbe(await AskAsync(call, probe, null, () => !call.Place!.IsHeld(), cancel), probe);
}
