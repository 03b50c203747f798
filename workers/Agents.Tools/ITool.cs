using Agents.Contracts.Runs;

namespace Agents.Tools;

/// <summary>
/// Something a model may call. Every expected outcome is a return value. A tool whose effect class is AtMostOnce asks
/// <see cref="ToolInvocation.MayAct"/> immediately before its effect and does nothing when the answer is no.
/// </summary>
public interface ITool
{
    ToolSpec Spec { get; }

    Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel);
}

/// <summary>
/// Finds out whether an earlier attempt at the same call acted; never acts itself. A probe that fences makes sure,
/// before it answers "absent", that no earlier attempt can act any more.
/// </summary>
public interface IReconcileProbe
{
    /// <summary>
    /// An attempt cannot act once the process that ran this tool for it is gone. False where somebody else does the acting.
    /// </summary>
    bool DiesWithItsProcess => true;

    Task<ProbeOutcome> ProbeAsync(ToolInvocation call, CancellationToken cancel);
}
