namespace Agents.Engine.Store;

/// <summary>What every store checks before it writes: a write that breaks these would break its instance's history.</summary>
public static class WriteRules
{
    /// <summary>Why a commit cannot be taken; null: it can.</summary>
    public static string? Flaw(InstanceCommit commit) => commit switch
    {
        { EventCount: < 0 } => "a commit with a negative number of events",
        { EventCount: > 0, Events.IsEmpty: true } => $"a commit that says {commit.EventCount} events and brings none",
        { EventCount: 0, Events.IsEmpty: false } => "a commit that brings events and says none",
        _ => null,
    };
}
