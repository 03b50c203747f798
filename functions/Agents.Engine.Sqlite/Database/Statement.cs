using Agents.Engine.History;
using SQLitePCL;
using static SQLitePCL.raw;

namespace Agents.Engine.Sqlite.Database;

/// <summary>
/// A prepared statement, used again and again by one thread at a time. Values are bound in the order in which the SQL
/// names its parameters. Text goes in and out as bytes, so that a NUL or half a character survives.
/// </summary>
internal sealed class Statement(Connection connection, sqlite3_stmt handle, string name) : IDisposable
{
    int _next = 1;

    public Statement Bind(long value) => Check(sqlite3_bind_int64(handle, _next++, value));

    public Statement Bind(long? value) => value is { } number ? Bind(number) : BindNull();

    public Statement Bind(DateTimeOffset value) => Bind(value.UtcTicks);

    public Statement Bind(DateTimeOffset? value) => value is { } time ? Bind(time.UtcTicks) : BindNull();

    public Statement Bind(bool? value) => value is { } flag ? Bind(flag ? 1L : 0L) : BindNull();

    public Statement Bind(string? value) => value switch
    {
        null => BindNull(),
        "" => Check(sqlite3_bind_text(handle, _next++, "")),
        _ => Check(sqlite3_bind_text(handle, _next++, LosslessUtf8.Encode(value))),
    };

    public Statement Bind(ReadOnlySpan<byte> value) => Check(value.IsEmpty
        ? sqlite3_bind_zeroblob(handle, _next++, 0)
        : sqlite3_bind_blob(handle, _next++, value));

    public Statement BindNull() => Check(sqlite3_bind_null(handle, _next++));

    /// <summary>Runs to the end; returns how many rows it changed.</summary>
    public int Execute()
    {
        var code = sqlite3_step(handle);
        Reset();
        return code is SQLITE_DONE or SQLITE_ROW ? sqlite3_changes(connection.Handle) : throw connection.Fault(code, name);
    }

    /// <summary>The first column of the first row, or null.</summary>
    public long? Scalar()
    {
        using var rows = Query();
        return rows.Next() && !rows.IsNull(0) ? rows.Long(0) : null;
    }

    public Rows Query() => new(this);

    public void Dispose() => handle.Dispose();

    void Reset()
    {
        _next = 1;
        sqlite3_reset(handle);
    }

    Statement Check(int code) => code == SQLITE_OK ? this : throw BindFault(code);

    Exception BindFault(int code)
    {
        Reset();
        return connection.Fault(code, name);
    }

    /// <summary>Reads rows; disposing it readies the statement for its next use.</summary>
    public readonly struct Rows(Statement statement) : IDisposable
    {
        sqlite3_stmt Handle => statement.Row;

        public bool Next()
        {
            var code = sqlite3_step(Handle);
            return code switch
            {
                SQLITE_ROW => true,
                SQLITE_DONE => false,
                _ => throw statement.Owner.Fault(code, statement.Name),
            };
        }

        public bool IsNull(int column) => sqlite3_column_type(Handle, column) == SQLITE_NULL;

        public long Long(int column) => sqlite3_column_int64(Handle, column);

        public int Int(int column) => sqlite3_column_int(Handle, column);

        public long? LongOrNull(int column) => IsNull(column) ? null : Long(column);

        public DateTimeOffset Time(int column) => new(Long(column), TimeSpan.Zero);

        public DateTimeOffset? TimeOrNull(int column) => IsNull(column) ? null : Time(column);

        public byte[] Bytes(int column) => sqlite3_column_blob(Handle, column).ToArray();

        public string Text(int column) => LosslessUtf8.Decode(sqlite3_column_blob(Handle, column));

        public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

        public void Dispose() => statement.Reset();
    }

    sqlite3_stmt Row => handle;

    Connection Owner => connection;

    string Name => name;
}
