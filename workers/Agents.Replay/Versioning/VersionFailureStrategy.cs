namespace Agents.Replay.Versioning;

/// <summary>What happens to an orchestration whose version this host does not take.</summary>
public enum VersionFailureStrategy
{
    /// <summary>It is left for another worker.</summary>
    Reject = 0,

    /// <summary>It fails with VersionMismatch.</summary>
    Fail = 1,
}
