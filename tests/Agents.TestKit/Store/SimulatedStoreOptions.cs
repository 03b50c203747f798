using Agents.Engine.Store;

namespace Agents.TestKit.Store;

/// <summary>How a simulated store behaves; every choice is made by the caller, from its seed.</summary>
public sealed record SimulatedStoreOptions
{
    /// <summary>
    /// Awaited when a call arrives, before a batch is applied and before its reply leaves: others run in between. Inbox
    /// ids are taken on arrival, so a lower id may become visible after a higher one.
    /// </summary>
    public Func<Task> Yield { get; init; } = () => Task.CompletedTask;

    public Func<IReadOnlyList<StoreWrite>, StoreFault> Fault { get; init; } = _ => StoreFault.None;

    public TimeSpan DedupWindow { get; init; } = TimeSpan.FromDays(14);

    public int RowBytesMax { get; init; } = 64 << 20;
}
