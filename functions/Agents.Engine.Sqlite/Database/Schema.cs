using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Database;

/// <summary>Brings the file to the schema of this build: numbered migrations, forward only.</summary>
internal static class Schema
{
    /// <summary>"AGNT": tells our file from any other SQLite database.</summary>
    const long ApplicationId = 0x41474E54;

    public static void Prepare(Connection connection, SqliteOptions options)
    {
        connection.Run($"pragma page_size = {options.PageBytes}");
        connection.Run("pragma journal_mode = wal");
        Configure(connection, options);
        connection.Run("pragma synchronous = full");
        connection.Run($"pragma max_page_count = {options.FileBytesMax / connection.Pragma("page_size")}");
        connection.Run($"pragma wal_autocheckpoint = {options.WalPagesMax}");
        Migrate(connection);
    }

    public static void Configure(Connection connection, SqliteOptions options)
    {
        connection.Run($"pragma cache_size = {-options.CacheBytes / 1024}");
        connection.Run("pragma temp_store = memory");
        connection.Run("pragma foreign_keys = off");
    }

    static void Migrate(Connection connection)
    {
        var migrations = Sql.Migrations().ToList();
        var newest = migrations[^1].Number;
        var version = connection.Pragma("user_version");
        var application = connection.Pragma("application_id");
        if (version > newest)
        {
            throw new StoreUnavailableException(
                $"AG1106: {connection.Path} has schema {version}, this build knows {newest}. Use the newer build that wrote it.",
                null);
        }

        if (application != ApplicationId && (application != 0 || version != 0))
        {
            throw new StoreUnavailableException(
                $"AG1103: {connection.Path} is a database of another program. Choose another data directory.", null);
        }

        foreach (var (number, text) in migrations.Where(migration => migration.Number > version))
        {
            connection.Run($"begin immediate;\n{text}\n;pragma user_version = {number};pragma application_id = {ApplicationId};commit");
        }
    }
}
