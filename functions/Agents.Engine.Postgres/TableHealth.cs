namespace Agents.Engine.Postgres;

/// <summary>
/// How a table stands. <paramref name="Bytes"/>: with its indexes and what lies beside it. <paramref name="DeadRows"/>: changed or
/// removed, and not cleaned up yet.
/// </summary>
public sealed record TableHealth(string Name, long Bytes, long HeapBytes, long Rows, long DeadRows, long? RowBytes)
{
    /// <summary>Header and line pointer of a row.</summary>
    const int RowOverhead = 28;

    /// <summary>
    /// Bytes of the heap that no living row fills: dead rows and free space, reckoned from the number and width of rows at the
    /// server's last look. Null where it has not looked yet.
    /// </summary>
    public long? SlackBytes => RowBytes is { } width ? Math.Max(0, HeapBytes - (Rows * (width + RowOverhead))) : null;
}
