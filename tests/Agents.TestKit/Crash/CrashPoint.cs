namespace Agents.TestKit.Crash;

/// <summary>Where, between the intent of an effect and the acknowledgement of its receipt, a process is killed.</summary>
public enum CrashPoint
{
    None = 0,

    /// <summary>The commit that carries the intent has not reached the store.</summary>
    BeforeIntent = 1,

    /// <summary>The intent is durable; the attempt has not begun.</summary>
    AfterIntent = 2,

    /// <summary>The world has the effect; the executor has no answer yet.</summary>
    MidEffect = 3,

    /// <summary>The executor has its answer; the engine has not.</summary>
    AfterEffect = 4,

    /// <summary>The commit that carries the receipt has not reached the store.</summary>
    BeforeReceiptCommit = 5,

    /// <summary>The receipt is durable; nobody has been told.</summary>
    AfterReceiptCommit = 6,

    /// <summary>The attempt has written in its own journal what it will do, and has done nothing (file effects).</summary>
    EffectJournalled = 7,
}
