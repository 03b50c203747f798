using Agents.Engine.Store;
using static SQLitePCL.raw;

namespace Agents.Engine.Sqlite.Database;

/// <summary>An error code of SQLite, before it is told apart: one bad write, or a store that cannot work.</summary>
internal sealed class SqliteFault(int code, string message) : Exception(message)
{
    int Primary => code & 0xFF;

    /// <summary>The write itself is at fault; others may go on.</summary>
    public bool IsData => Primary is SQLITE_CONSTRAINT or SQLITE_TOOBIG or SQLITE_MISMATCH or SQLITE_RANGE;

    /// <summary>The disk is full, or the file may not grow (the limit of the process or of the file system).</summary>
    public bool IsOutOfSpace => Primary is SQLITE_FULL || code == SQLITE_IOERR_WRITE;

    public StoreUnavailableException ToUnavailable() => new(Primary switch
    {
        _ when IsOutOfSpace => $"AG1102: no space left, or the file may not grow further, while writing {Message}. "
            + "Free disk space (or raise the file size limit); nothing accepted so far is lost.",
        SQLITE_CORRUPT or SQLITE_NOTADB => $"AG1103: the database file is damaged: {Message}. "
            + "Stop, keep a copy of the file, and restore it from a backup.",
        SQLITE_BUSY or SQLITE_LOCKED => $"AG1104: another program holds the database: {Message}. Close it and try again.",
        SQLITE_READONLY or SQLITE_PERM or SQLITE_CANTOPEN or SQLITE_AUTH =>
            $"AG1105: the database file cannot be opened or written: {Message}. "
            + "Give this user write access to the data directory.",
        _ => $"AG1102: the database cannot be written or read: {Message}. Check the disk; nothing accepted so far is lost.",
    }, this);
}

/// <summary>A write that this store cannot take, found by our own checks.</summary>
internal sealed class RefusedWriteException(string why) : Exception(why);
