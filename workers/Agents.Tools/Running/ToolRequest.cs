using Agents.Contracts.Transcript;
using Agents.Contracts.Work;

namespace Agents.Tools.Running;

/// <summary>One tool call of a run, as the activity hands it over.</summary>
public sealed record ToolRequest
{
    public required string RunId { get; init; }

    public required ToolCall Call { get; init; }

    /// <summary>Idempotency key: 64 hexadecimal digits.</summary>
    public required string Key { get; init; }

    public required string AttemptToken { get; init; }

    public int Attempt { get; init; } = 1;

    public ActivityMode Mode { get; init; }

    public bool PredecessorGone { get; init; }

    public required Func<bool> MayAct { get; init; }

    public ToolPlace? Place { get; init; }

    /// <summary>Answered calls, by the beginning of the tool's name, that a fork shares with the run it came from; null: no fork.</summary>
    public Func<string, CancellationToken, Task<IReadOnlyList<PastCall>>>? Inherited { get; init; }
}
