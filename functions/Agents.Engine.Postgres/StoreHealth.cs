namespace Agents.Engine.Postgres;

/// <summary>
/// How a store stands. <paramref name="Bytes"/>: tables, indexes and what lies beside them. <paramref name="Stuck"/>: open
/// instances without owner, due time, message, child or person that could wake them; always zero.
/// </summary>
public sealed record StoreHealth(long Bytes, long Open, DateTimeOffset? OldestOpen, long Parked, long Stuck)
{
    /// <summary>The largest first.</summary>
    public IReadOnlyList<TableHealth> Tables { get; init; } = [];
}
