namespace Agents.Replay.Versioning;

/// <summary>Which pinned versions of orchestrations this host takes.</summary>
public enum VersionMatchStrategy
{
    /// <summary>Any version that a registration serves.</summary>
    None = 0,

    /// <summary>Only the host's own version.</summary>
    Strict = 1,

    /// <summary>The host's own version and older ones.</summary>
    CurrentOrOlder = 2,
}
