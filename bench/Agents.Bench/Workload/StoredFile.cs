using Agents.Bench.Results;
using Microsoft.Data.Sqlite;

namespace Agents.Bench.Workload;

/// <summary>What a store's database file says of itself.</summary>
static class StoredFile
{
    /// <summary>Bytes in use after a checkpoint, tables and indexes and pages half full; less what an empty schema takes.</summary>
    public static long Growth(string data)
    {
        using var connection = Open(data);
        Pragma(connection, "wal_checkpoint(truncate)");
        var tables = Scalar(connection, "select count(*) from sqlite_master where rootpage > 0") + 1;
        return (Pragma(connection, "page_count") - Pragma(connection, "freelist_count") - tables) * Pragma(connection, "page_size");
    }

    /// <summary>What makes a commit durable here.</summary>
    public static ResultLine Settings(string data)
    {
        using var connection = Open(data);
        using var command = connection.CreateCommand();
        command.CommandText = "pragma journal_mode";
        return new ResultLine("settings")
            .Set("journal_mode", (string)command.ExecuteScalar()!)
            .Set("page_size", Pragma(connection, "page_size"))
            .Set("sqlite", connection.ServerVersion);
    }

    static SqliteConnection Open(string data)
    {
        var file = Directory.EnumerateFiles(data, "*.db").Single();
        var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        return connection;
    }

    static long Pragma(SqliteConnection connection, string name) => Scalar(connection, $"pragma {name}");

    static long Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
