using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Instances;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;

namespace Agents.Tools.Running;

/// <summary>What came of running or reconciling one tool call.</summary>
public abstract record ToolRun
{
    /// <summary>The model reads <paramref name="Reply"/>; evidence is set where a probe found it.</summary>
    public sealed record Replied(ToolReply Reply, string? Evidence = null) : ToolRun;

    /// <summary>Nothing was done; error type is a code of <see cref="ToolErrors"/>.</summary>
    public sealed record Failed(FailureDetails Failure) : ToolRun;

    public sealed record NotStarted(string Why) : ToolRun;

    public sealed record Absent(string Evidence) : ToolRun;

    public sealed record InDoubt(string Why) : ToolRun;

    /// <summary>The same, in the words of the activity seam.</summary>
    public ActivityOutcome ToActivityOutcome() => this switch
    {
        Replied r => new ActivityOutcome.Completed(
            JsonSerializer.Serialize(r.Reply, ContractsJson.Plain.ToolReply), r.Evidence),
        Failed f => new ActivityOutcome.Failed(f.Failure),
        NotStarted => new ActivityOutcome.NotStarted(),
        Absent a => new ActivityOutcome.Absent(a.Evidence),
        InDoubt d => new ActivityOutcome.InDoubt(d.Why),
        _ => throw new InvalidOperationException($"no activity outcome for {GetType().Name}"),
    };
}
