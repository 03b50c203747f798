using Agents.Contracts.Work;

namespace Agents.Engine.Work;

/// <summary>What an actor is told.</summary>
internal abstract record Mail
{
    /// <summary>Rows may wait in the inbox; a hint.</summary>
    public sealed record Inbox : Mail
    {
        public static readonly Inbox Hint = new();

        /// <summary>An end waits there: it goes before everything else.</summary>
        public static readonly Inbox Urgent = new();
    }

    /// <summary>
    /// The instance is to be had, at this epoch: an owner that holds an earlier one, or another run of that id, has
    /// lost it without noticing.
    /// </summary>
    public sealed record ToBeHad(long InstanceKey, long Epoch) : Mail;

    /// <summary>A timer may be due; a hint.</summary>
    public sealed record Timer : Mail
    {
        public static readonly Timer Hint = new();
    }

    public sealed record Finished(RunningActivity Activity, ActivityOutcome Outcome) : Mail;

    /// <summary>The task holds a place in its queue: it may begin.</summary>
    public sealed record Placed(int TaskId) : Mail;

    public sealed record Flush(RunningActivity Activity) : Mail;

    /// <summary>Give the instance up if it is idle: memory is needed.</summary>
    public sealed record Evict : Mail
    {
        public static readonly Evict Now = new();
    }

    /// <summary>Another node has room: give the instance up as soon as nothing of it runs.</summary>
    public sealed record Leave : Mail
    {
        public static readonly Leave Soon = new();
    }

    /// <summary>The host stops: let what runs end, then give the instance up.</summary>
    public sealed record Drain : Mail
    {
        public static readonly Drain Now = new();
    }
}
