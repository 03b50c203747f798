using System.Text.Json;
using Agents.Contracts.Runs;

namespace Agents.Tools;

/// <summary>One validated call, as a tool sees it.</summary>
public sealed record ToolInvocation
{
    public required string RunId { get; init; }

    /// <summary>The tool as this run pinned it.</summary>
    public required ToolSpec Spec { get; init; }

    public required ToolSettings Settings { get; init; }

    /// <summary>Stable across attempts, replays and hosts; handed to whoever can make repeats one effect.</summary>
    public required string Key { get; init; }

    /// <summary>Unique per attempt; when reconciling, the token of the attempt in doubt.</summary>
    public required string AttemptToken { get; init; }

    /// <summary>Never falls from one owner of the run to the next: a fence also bars what is below its own number.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>The arguments as the model wrote them.</summary>
    public required string RawArguments { get; init; }

    /// <summary>The arguments parsed; an object that meets the tool's schema.</summary>
    public required JsonElement Arguments { get; init; }

    /// <summary>False: the attempt may not act (any more). Asked immediately before an AtMostOnce effect.</summary>
    public required Func<bool> MayAct { get; init; }

    /// <summary>Null outside runs.</summary>
    public ToolPlace? Place { get; init; }

    /// <summary>Answered calls, by the beginning of the tool's name, that a fork shares with the run it came from; null: no fork.</summary>
    public Func<string, CancellationToken, Task<IReadOnlyList<PastCall>>>? Inherited { get; init; }

    /// <summary>Reconciling only: the process of every earlier attempt is proven to be gone.</summary>
    public bool PredecessorGone { get; init; }
}
