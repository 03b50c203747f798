namespace Agents.Replay.Versioning;

/// <summary>Versioning of orchestration code; the meaning of each option is the Durable Task SDK's.</summary>
public sealed record VersioningOptions
{
    /// <summary>Version of this host; compared with the orchestration's by <see cref="MatchStrategy"/>.</summary>
    public string? Version { get; init; }

    /// <summary>Version of sub-orchestrations for which the code names none.</summary>
    public string? DefaultVersion { get; init; }

    public VersionMatchStrategy MatchStrategy { get; init; }

    public VersionFailureStrategy FailureStrategy { get; init; }
}
