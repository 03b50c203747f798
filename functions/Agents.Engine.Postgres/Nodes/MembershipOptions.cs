namespace Agents.Engine.Postgres.Nodes;

/// <summary>How nodes that share a store notice each other.</summary>
public sealed record MembershipOptions
{
    /// <summary>Between two counts of a node that has work, or that sees another with work.</summary>
    public TimeSpan BeatEvery { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Between two counts of a node without work among others without work.</summary>
    public TimeSpan IdleBeatEvery { get; init; } = TimeSpan.FromMilliseconds(2_500);

    /// <summary>A node that another, which looked all the while, did not see count for so long is held for dead.</summary>
    public TimeSpan DeadAfter { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Names a folder of a machine that this process holds by a lock; null: none.</summary>
    public string? Place { get; init; }
}
