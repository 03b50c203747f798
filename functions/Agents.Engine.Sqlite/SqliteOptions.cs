namespace Agents.Engine.Sqlite;

/// <summary>Bounds of the embedded store.</summary>
public sealed record SqliteOptions
{
    /// <summary>Page size of a new file.</summary>
    public int PageBytes { get; init; } = 8192;

    /// <summary>Page cache of the writer and, in all, of the readers.</summary>
    public int CacheBytes { get; init; } = 64 << 20;

    /// <summary>Longest value of one column; a write beyond it is refused by name.</summary>
    public int RowBytesMax { get; init; } = 64 << 20;

    /// <summary>The database file does not grow beyond this: the store then says that it is full.</summary>
    public long FileBytesMax { get; init; } = 1L << 40;

    /// <summary>The write-ahead log is copied back into the file when it has this many pages.</summary>
    public int WalPagesMax { get; init; } = 4096;

    /// <summary>Writes of several callers that share one transaction at most.</summary>
    public int WritesPerTransactionMax { get; init; } = 512;

    public int ReadConnectionsMax { get; init; } = 4;

    /// <summary>How long the id of a purged instance answers for it.</summary>
    public TimeSpan DedupWindow { get; init; } = TimeSpan.FromDays(14);
}
