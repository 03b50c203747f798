namespace Agents.TestKit.Store;

/// <summary>What happens to one batch.</summary>
public enum StoreFault
{
    None = 0,

    /// <summary>The store is unavailable; nothing of the batch is in.</summary>
    FailBefore = 1,

    /// <summary>Applied and visible, the reply is lost: unknown outcome. Kept by a power loss only once a later batch is synced.</summary>
    ApplyThenUnknown = 2,

    /// <summary>Not applied, the reply is lost: unknown outcome.</summary>
    LoseThenUnknown = 3,
}
