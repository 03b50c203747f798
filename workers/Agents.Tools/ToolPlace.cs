using Agents.Contracts.Instances;

namespace Agents.Tools;

/// <summary>Where a call stands in its run, and what its attempt may ask: for tools whose work is done in other processes.</summary>
public sealed record ToolPlace
{
    public required ExecutionId ExecutionId { get; init; }

    public required int TaskId { get; init; }

    public TraceLink? Trace { get; init; }

    /// <summary>The run is suspended or changes hands: what has not begun shall not begin.</summary>
    public required Func<bool> IsHeld { get; init; }

    /// <summary>What is left of the attempt takes no place among this process's own.</summary>
    public required Action GoElsewhere { get; init; }

    /// <summary>Tells people why the call has not begun; null takes that back.</summary>
    public required Action<string?> Waits { get; init; }

    /// <summary>Ends once the outcome of the attempt is kept.</summary>
    public required Task Settled { get; init; }
}
