using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Tools.Catalogue;
using Agents.Tools.Workers;

namespace Agents.Tools.Running;

/// <summary>
/// Runs or reconciles one tool call of a run. A call that is malformed goes back to the model and touches nothing; an
/// AtMostOnce call that cannot say whether it acted is asked of its probe, and is in doubt where the probe cannot tell.
/// </summary>
public sealed class ToolRunner(ToolCatalogue catalogue)
{
    const int ProbeAttemptsMax = 3;
    static readonly TimeSpan s_probeAgainAfter = TimeSpan.FromMilliseconds(300);
    readonly ArgumentCheck _arguments = new(catalogue.Schemas);

    TimeProvider Clock => catalogue.Environment.Clock;

    public async Task<ToolRun> RunAsync(RunInput run, ToolRequest request, CancellationToken cancel)
    {
        var started = Clock.GetTimestamp();
        var outcome = await DispatchAsync(run, request, cancel);
        return outcome is ToolRun.Replied replied
            ? replied with
            {
                Reply = replied.Reply with { DurationMs = (long)Clock.GetElapsedTime(started).TotalMilliseconds },
            }
            : outcome;
    }

    /// <summary>
    /// The reply of a worker to a call that is waited for no more; null: it says nothing of what happened.
    /// </summary>
    public ToolReply? LateReply(RunInput run, WorkerAnswer answer)
    {
        var (text, isError) = answer switch
        {
            WorkerAnswer.Completed done => (WorkerReply.Plain(done.Result), false),
            WorkerAnswer.Failed { Failure: var failure } when failure.ErrorType != WorkerReply.InDoubt =>
                ($"The tool failed: {failure.ErrorMessage}", true),
            _ => (null, false),
        };
        try
        {
            return text is null ? null : ResultBounds.Reply(text, isError, run.ToolSettings.OffloadBytes, catalogue.Artifacts);
        }
        catch (ToolFaultException e)
        {
            return ResultBounds.WithoutArtifact(text!, isError, run.ToolSettings.OffloadBytes, e.Detail);
        }
    }

    async Task<ToolRun> DispatchAsync(RunInput run, ToolRequest request, CancellationToken cancel)
    {
        var spec = run.Tools.FirstOrDefault(t => t.Name == request.Call.Name);
        if (spec is null)
        {
            return BadCall($"there is no tool '{request.Call.Name}': "
                + NearMiss.Suggest(request.Call.Name, run.Tools.Select(t => t.Name)));
        }

        try
        {
            if (_arguments.Check(spec, request.Call.Arguments, out var problem) is not { } arguments)
            {
                return BadCall(problem);
            }

            var tool = catalogue.Find(spec, run.ToolSettings);
            var permit = new ActPermit(request.MayAct);
            var call = new ToolInvocation
            {
                RunId = request.RunId,
                Spec = spec,
                Settings = run.ToolSettings,
                Key = request.Key,
                AttemptToken = request.AttemptToken,
                Attempt = request.Attempt,
                RawArguments = request.Call.Arguments,
                Arguments = arguments,
                MayAct = permit.Ask,
                PredecessorGone = request.PredecessorGone,
                Place = request.Place,
                Inherited = request.Inherited,
            };
            return request.Mode == ActivityMode.Reconcile
                ? await ReconcileAsync(tool, call, cancel)
                : await ExecuteAsync(tool, call, permit, cancel);
        }
        catch (ToolFaultException e)
        {
            return Failed(new ToolOutcome.Fault(e.Code, e.Detail, e.Retriable));
        }
    }

    async Task<ToolRun> ExecuteAsync(ITool tool, ToolInvocation call, ActPermit permit, CancellationToken cancel)
    {
        var outcome = await InvokeAsync(tool, call, permit, cancel);
        return outcome switch
        {
            ToolOutcome.Answer answer => Reply(call, answer.Text, isError: false),
            ToolOutcome.Refusal refusal => Reply(call, refusal.Why, isError: true),
            ToolOutcome.Fault fault => Failed(fault),
            ToolOutcome.NotStarted waiting => new ToolRun.NotStarted(waiting.Why),
            ToolOutcome.Ambiguous unclear => await ClearUpAsync(tool, call, unclear.Why, cancel),
            _ => throw new InvalidOperationException($"unknown outcome {outcome.GetType().Name}"),
        };
    }

    async Task<ToolOutcome> InvokeAsync(ITool tool, ToolInvocation call, ActPermit permit, CancellationToken cancel)
    {
        var patience = ToolCatalogue.TimeoutOf(call.Spec, call.Settings, catalogue.Environment.CallTimeout);
        using var late = new CancellationTokenSource(patience, Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        try
        {
            return await tool.InvokeAsync(call, either.Token).WaitAsync(either.Token);
        }
        catch (ToolRefusedException e)
        {
            return new ToolOutcome.Refusal(e.Message);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            permit.Close();
            throw;
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            return AfterAct(call, permit, new ToolOutcome.Fault(
                ToolErrors.TimedOut, $"tool '{call.Spec.Name}' did not answer within {patience.TotalSeconds:0} s", true));
        }
        catch (ToolFaultException e)
        {
            return AfterAct(call, permit, new ToolOutcome.Fault(e.Code, e.Detail, e.Retriable));
        }
        catch (Exception e)
        {
            return AfterAct(call, permit, new ToolOutcome.Fault(
                ToolErrors.ToolThrew, $"tool '{call.Spec.Name}' threw {e.GetType().Name}: {e.Message}", true));
        }
    }

    // The same failure means "nothing was done" before the tool was allowed to act, and "who knows" after.
    static ToolOutcome AfterAct(ToolInvocation call, ActPermit permit, ToolOutcome.Fault fault) =>
        permit.Close() && call.Spec.Effect == EffectClass.AtMostOnce
            ? new ToolOutcome.Ambiguous(fault.Message)
            : fault;

    async Task<ToolRun> ClearUpAsync(ITool tool, ToolInvocation call, string why, CancellationToken cancel)
    {
        if (call.Spec.Effect != EffectClass.AtMostOnce)
        {
            return Failed(new ToolOutcome.Fault(ToolErrors.ToolThrew, why, Retriable: true));
        }

        if (tool is not IReconcileProbe probe)
        {
            return new ToolRun.InDoubt($"{why}; tool '{call.Spec.Name}' has no probe that could tell");
        }

        // Our own request may still be under way: "absent" is proof only from a probe that fences.
        return await ProbeAsync(probe, call, cancel) switch
        {
            ProbeOutcome.Happened happened => Happened(call, happened),
            ProbeOutcome.Absent { Fences: true } absent => new ToolRun.Replied(
                new ToolReply { Content = $"the call had no effect: {why}", IsError = true },
                $"probe: {absent.Evidence}"),
            ProbeOutcome.Absent absent => new ToolRun.InDoubt(
                $"{why}; the probe found nothing ({absent.Evidence}), but the request may still arrive"),
            ProbeOutcome.Unknown unknown => new ToolRun.InDoubt($"{why}; {unknown.Why}"),
            var other => throw new InvalidOperationException($"unknown probe outcome {other.GetType().Name}"),
        };
    }

    async Task<ToolRun> ReconcileAsync(ITool tool, ToolInvocation call, CancellationToken cancel)
    {
        if (call.Spec.Effect != EffectClass.AtMostOnce)
        {
            return new ToolRun.Absent($"tool '{call.Spec.Name}' is {call.Spec.Effect}: it may run again");
        }

        if (tool is not IReconcileProbe probe)
        {
            return new ToolRun.InDoubt(
                $"tool '{call.Spec.Name}' has no probe: nobody but the outside can tell whether the earlier attempt acted");
        }

        return await ProbeAsync(probe, call, cancel) switch
        {
            ProbeOutcome.Happened happened => Happened(call, happened),
            ProbeOutcome.Absent absent when absent.Fences || (call.PredecessorGone && probe.DiesWithItsProcess) =>
                new ToolRun.Absent($"probe: {absent.Evidence}"),
            ProbeOutcome.Absent absent => new ToolRun.InDoubt(
                $"the probe found nothing ({absent.Evidence}), but the earlier attempt may still act"),
            ProbeOutcome.Unknown unknown => new ToolRun.InDoubt(unknown.Why),
            var other => throw new InvalidOperationException($"unknown probe outcome {other.GetType().Name}"),
        };
    }

    async Task<ProbeOutcome> ProbeAsync(IReconcileProbe probe, ToolInvocation call, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            var found = await ProbeOnceAsync(probe, call, cancel);
            if (found is not ProbeOutcome.Unknown || attempt == ProbeAttemptsMax)
            {
                return found;
            }

            await Task.Delay(s_probeAgainAfter, Clock, cancel);
        }
    }

    async Task<ProbeOutcome> ProbeOnceAsync(IReconcileProbe probe, ToolInvocation call, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(catalogue.Environment.CallTimeout, Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        try
        {
            return await probe.ProbeAsync(call, either.Token).WaitAsync(either.Token);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            return new ProbeOutcome.Unknown($"the probe of '{call.Spec.Name}' failed: {e.Message}");
        }
    }

    ToolRun.Replied Happened(ToolInvocation call, ProbeOutcome.Happened happened) =>
        Reply(call, happened.Result, isError: false) with { Evidence = $"probe: {happened.Evidence}" };

    ToolRun.Replied Reply(ToolInvocation call, string text, bool isError)
    {
        try
        {
            return new(ResultBounds.Reply(text, isError, call.Settings.OffloadBytes, catalogue.Artifacts));
        }
        catch (ToolFaultException e) when (call.Spec.Effect == EffectClass.AtMostOnce)
        {
            // The effect is done: a full disk must not turn its receipt into a failure.
            return new(ResultBounds.WithoutArtifact(text, isError, call.Settings.OffloadBytes, e.Detail));
        }
    }

    static ToolRun.Replied BadCall(string problem) =>
        new(new ToolReply { Content = problem, IsError = true, IsBadCall = true });

    static ToolRun.Failed Failed(ToolOutcome.Fault fault) =>
        new(new FailureDetails(fault.Code, fault.Message, IsNonRetriable: !fault.Retriable));
}
