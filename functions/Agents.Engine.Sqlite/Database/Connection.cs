using SQLitePCL;
using static SQLitePCL.raw;

namespace Agents.Engine.Sqlite.Database;

/// <summary>One SQLite connection with its prepared statements. Used by one thread at a time.</summary>
internal sealed class Connection : IDisposable
{
    /// <summary>Only a backup tool or a shell can hold the lock: this process has one writer.</summary>
    const int BusyMilliseconds = 5000;

    readonly Dictionary<string, Statement> _statements = new(StringComparer.Ordinal);

    Connection(sqlite3 handle, string path)
    {
        Handle = handle;
        Path = path;
    }

    public sqlite3 Handle { get; }

    public string Path { get; }

    public static Connection Open(string path, SqliteOptions options)
    {
        Batteries_V2.Init();
        var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        var code = sqlite3_open_v2(path, out var handle, flags, null);
        var connection = new Connection(handle, path);
        if (code != SQLITE_OK)
        {
            var fault = connection.Fault(code, "open");
            connection.Dispose();
            throw fault;
        }

        sqlite3_extended_result_codes(handle, 1);
        sqlite3_busy_timeout(handle, BusyMilliseconds);
        sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, options.RowBytesMax);
        return connection;
    }

    /// <summary>The statement in Statements/<paramref name="name"/>.sql, prepared once.</summary>
    public Statement Get(string name)
    {
        if (!_statements.TryGetValue(name, out var statement))
        {
            statement = Prepare(Sql.Load(name), name);
            _statements.Add(name, statement);
        }

        return statement;
    }

    /// <summary>Runs SQL of our own that takes no values: pragmas, migrations, begin and commit.</summary>
    public void Run(string sql)
    {
        var code = sqlite3_exec(Handle, sql);
        if (code != SQLITE_OK)
        {
            throw Fault(code, sql.Length <= 40 ? sql : "script");
        }
    }

    public long Pragma(string name)
    {
        using var statement = Prepare($"pragma {name}", name);
        return statement.Scalar() ?? 0;
    }

    public SqliteFault Fault(int code, string during) =>
        new(code, $"{during}: {sqlite3_errmsg(Handle).utf8_to_string()} ({code}) in {Path}");

    public bool InTransaction => sqlite3_get_autocommit(Handle) == 0;

    public long LastRowId => sqlite3_last_insert_rowid(Handle);

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Dispose();
        }

        _statements.Clear();
        Handle.Dispose();
    }

    Statement Prepare(string sql, string name)
    {
        const uint Persistent = 1;   // SQLITE_PREPARE_PERSISTENT: kept for long
        var code = sqlite3_prepare_v3(Handle, sql, Persistent, out var handle);
        return code == SQLITE_OK ? new Statement(this, handle, name) : throw Fault(code, name);
    }
}
