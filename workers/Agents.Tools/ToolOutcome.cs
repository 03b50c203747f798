namespace Agents.Tools;

/// <summary>What came of a tool call.</summary>
public abstract record ToolOutcome
{
    /// <summary>The result the model reads.</summary>
    public sealed record Answer(string Text) : ToolOutcome;

    /// <summary>The call was understood and refused, or failed for good: the model reads why and may mend its call.</summary>
    public sealed record Refusal(string Why) : ToolOutcome;

    /// <summary>Something is broken on our side; nothing was done. Operators read it under its code.</summary>
    public sealed record Fault(string Code, string Message, bool Retriable) : ToolOutcome;

    /// <summary>The attempt was no longer allowed to act: nothing was done.</summary>
    public sealed record NotStarted(string Why) : ToolOutcome;

    /// <summary>The effect may have happened, and the tool cannot tell.</summary>
    public sealed record Ambiguous(string Why) : ToolOutcome;
}

/// <summary>What a reconcile probe found.</summary>
public abstract record ProbeOutcome
{
    /// <summary>The effect happened; <paramref name="Result"/> is what the attempt would have answered.</summary>
    public sealed record Happened(string Result, string Evidence) : ProbeOutcome;

    /// <summary>
    /// No effect is there. Counts as proof only if the earlier attempt's process is gone or <paramref name="Fences"/>
    /// says that no earlier attempt can act from now on.
    /// </summary>
    public sealed record Absent(string Evidence, bool Fences) : ProbeOutcome;

    public sealed record Unknown(string Why) : ProbeOutcome;
}
